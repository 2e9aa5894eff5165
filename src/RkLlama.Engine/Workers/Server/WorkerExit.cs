using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>Interprets the exit code of a worker process.</summary>
internal static class WorkerExit
{
    /// <summary>Describes the exit as a clause for messages.</summary>
    /// <param name="exitCode">Exit code as .NET reports it: 128 + n if signal n ended the process.</param>
    internal static string Describe(int exitCode) => exitCode switch
    {
        128 + 4 => "the worker was killed by SIGILL (an instruction this CPU does not have)",
        128 + 6 => "the worker was killed by SIGABRT",
        128 + 7 => "the worker was killed by SIGBUS",
        128 + 9 => "the worker was killed by SIGKILL (out of memory, or by hand)",
        128 + 11 => "the worker was killed by SIGSEGV",
        > 128 and < 128 + 65 => $"the worker was killed by signal {exitCode - 128}",
        _ => $"the worker ended with exit code {exitCode}",
    };

    /// <returns>The cause; null if the exit code does not identify it.</returns>
    internal static FailureCode? CodeOf(int exitCode) => exitCode switch
    {
        128 + 4 => FailureCode.IllegalInstruction,
        128 + 9 => FailureCode.Killed,
        _ => null,
    };

    /// <summary>
    /// Returns the name of the signal that ended the process, for example <c>SIGSEGV</c>, as a label for metrics. Returns <c>none</c> if no signal ended it.
    /// Returns <c>other</c> for unusual signals, so that the label has few values.
    /// </summary>
    internal static string SignalOf(int exitCode) => exitCode switch
    {
        128 + 4 => "SIGILL",
        128 + 6 => "SIGABRT",
        128 + 7 => "SIGBUS",
        128 + 8 => "SIGFPE",
        128 + 9 => "SIGKILL",
        128 + 11 => "SIGSEGV",
        128 + 15 => "SIGTERM",
        > 128 and < 128 + 65 => "other",
        _ => "none",
    };
}
