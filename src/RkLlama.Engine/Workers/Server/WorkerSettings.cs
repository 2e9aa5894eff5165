using System.Diagnostics;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>Settings that all workers of the server share.</summary>
/// <param name="Executable">Path of the executable that is started as a worker.</param>
/// <param name="ExpectedPlatform">The platform that the runtime should report, for example <c>rk3588</c>; null to accept any.</param>
/// <param name="LoadTime">Maximum time of a probe or of a load.</param>
/// <param name="Timeouts">Timeouts of each run.</param>
internal sealed record WorkerSettings(string Executable, string? ExpectedPlatform, TimeSpan LoadTime, RunTimeouts Timeouts, TimeProvider Time)
{
    /// <summary>Records starts and deaths of workers, the times between tokens, and aborts by the watchdog; <see langword="null"/> to record nothing.</summary>
    internal NodeMetrics? Metrics { get; init; }

    /// <summary>Sends SIGKILL to a worker. Tests replace it with a function that does not end the process, to imitate a stuck worker.</summary>
    internal Action<Process> Kill { get; init; } = static process => process.Kill();
}
