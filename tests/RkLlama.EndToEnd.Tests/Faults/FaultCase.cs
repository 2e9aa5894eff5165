using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests.Faults;

/// <summary>One way in which the library misbehaves, what brings it about, and what the client should see of it.</summary>
/// <param name="Name">The simulator's name of the fault, with its argument.</param>
/// <param name="Meaning">What it stands for, in a few words.</param>
internal sealed record FaultCase(string Name, string Meaning)
{
    private const string EveryAnswer = "(?s).*";

    /// <summary><c>RKLLM_SIMULATOR_FAULT</c>: <c>@n</c> counts over all workers of the server. Null where the prompt asks for the fault.</summary>
    internal string? Injected { get; init; }

    /// <summary>The request that meets the fault.</summary>
    internal string Prompt { get; init; } = $"!fault {Name}";

    /// <summary>Options of the server, such as short budgets for a fault that hangs.</summary>
    internal string[] Options { get; init; } = [];

    internal string Modelfile { get; init; } = "FROM=\"demo.rkllm\"\n";

    /// <summary><c>RKLLM_SIMULATOR_SPEED</c>: at a pace, tokens are with the client before the fault; 0 is without waiting.</summary>
    internal string Speed { get; init; } = "0";

    internal string[] Versions { get; init; } = TestPaths.Runtimes;

    /// <summary>A build of the simulator that stands for the version; null for the version's own.</summary>
    internal string? Build { get; init; }

    /// <summary>A regular expression for the error; null where the client gets a whole answer, or its load succeeds.</summary>
    internal string? Error { get; init; }

    /// <summary>A regular expression for all of the text of a whole answer.</summary>
    internal string Text { get; init; } = EveryAnswer;

    internal string FinishReason { get; init; } = "stop";

    /// <summary>Whether text goes out before the failure, so that a stream ends with an error line and a cut, not with a status.</summary>
    internal bool BreaksOff { get; init; }

    /// <summary>Whether the worker has to go, and another one comes.</summary>
    internal bool WorkerIsReplaced { get; init; }

    /// <summary>What a line of the log says, as a regular expression.</summary>
    internal string? Logged { get; init; }

    /// <summary>What the client sees of a fault without an error, for the table.</summary>
    internal string Harmless { get; init; } = "a complete answer";

    public override string ToString() => Name;
}

/// <summary>The names of some cases, for a theory.</summary>
internal static class FaultCases
{
    internal static TheoryData<string> Names(this IEnumerable<FaultCase> faults) => [.. faults.Select(fault => fault.Name)];

    internal static FaultCase Named(this IEnumerable<FaultCase> faults, string name) => faults.Single(fault => fault.Name == name);
}
