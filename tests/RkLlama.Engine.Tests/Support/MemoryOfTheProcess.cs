namespace RkLlama.Engine.Tests.Support;

/// <summary>Tests that measure the memory of the process. They run alone, because other tests allocate and collect memory, too.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MemoryOfTheProcess
{
    internal const string Name = "memory of the process";
}
