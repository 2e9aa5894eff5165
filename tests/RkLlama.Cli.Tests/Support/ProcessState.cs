namespace RkLlama.Cli.Tests.Support;

/// <summary>Tests that run the whole command line. It uses the environment and the console of the process, so they run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessState
{
    internal const string Name = "state of the process";
}
