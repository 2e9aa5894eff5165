using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>One fault of the library: how a test causes it, and what the client should see.</summary>
/// <param name="Name">The simulator's name of the fault, with its argument.</param>
/// <param name="Meaning">A short description for the table in <c>docs/reliability.md</c>.</param>
internal sealed record FaultCase(string Name, string Meaning)
{
    private const string EveryAnswer = "(?s).*";

    /// <summary>The value of <c>RKLLM_SIMULATOR_FAULT</c>. <c>@n</c> counts over all workers of the server. Null if the prompt causes the fault.</summary>
    internal string? Injected { get; init; }

    /// <summary>The memory of the simulated node for models, as <c>RKLLM_SIMULATOR_MEMORY</c>; null for no limit. The library crashes if a model exceeds it.</summary>
    internal string? Memory { get; init; }

    /// <summary>The memory that the model needs on the simulated node, in megabytes.</summary>
    internal int ModelMegabytes { get; init; } = 100;

    /// <summary>The prompt of the request that fails.</summary>
    internal string Prompt { get; init; } = $"!fault {Name}";

    /// <summary>Options of the server, such as short timeouts for a fault that hangs.</summary>
    internal string[] Options { get; init; } = [];

    internal string Modelfile { get; init; } = "FROM=\"demo.rkllm\"\n";

    /// <summary>
    /// The value of <c>RKLLM_SIMULATOR_SPEED</c>. With 1, the client receives the tokens before the fault occurs; 0 is without delays.
    /// </summary>
    internal string Speed { get; init; } = "0";

    internal string[] Versions { get; init; } = TestPaths.Runtimes;

    /// <summary>The simulator build that is used for the version; null for the normal build of the version.</summary>
    internal string? Build { get; init; }

    /// <summary>A regular expression for the error; null if the client gets a complete answer, or its load succeeds.</summary>
    internal string? Error { get; init; }

    /// <summary>A regular expression for the complete text of an answer without an error.</summary>
    internal string Text { get; init; } = EveryAnswer;

    internal string FinishReason { get; init; } = "stop";

    /// <summary>Whether text is sent before the failure. A stream then ends with an error line and a cut connection, not with an error status.</summary>
    internal bool BreaksOff { get; init; }

    /// <summary>Whether the server must replace the worker.</summary>
    internal bool WorkerIsReplaced { get; init; }

    /// <summary>A regular expression for a line of the log.</summary>
    internal string? Logged { get; init; }

    /// <summary>What the client sees if the fault causes no error, for the table.</summary>
    internal string Harmless { get; init; } = "a complete answer";

    public override string ToString() => Name;
}

/// <summary>Names of cases for theories, and their lookup.</summary>
internal static class FaultCases
{
    internal static TheoryData<string> Names(this IEnumerable<FaultCase> faults) => [.. faults.Select(fault => fault.Name)];

    internal static FaultCase Named(this IEnumerable<FaultCase> faults, string name) => faults.Single(fault => fault.Name == name);
}
