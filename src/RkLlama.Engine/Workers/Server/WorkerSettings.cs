using System.Diagnostics;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>The settings of all workers.</summary>
/// <param name="Executable">The program to start as a worker.</param>
/// <param name="ExpectedPlatform">The platform that the runtime should report, for example <c>rk3588</c>; null to accept any.</param>
/// <param name="LoadTime">Timeout of a probe or a load.</param>
internal sealed record WorkerSettings(string Executable, string? ExpectedPlatform, TimeSpan LoadTime, RunTimeouts Timeouts, TimeProvider Time)
{
    /// <summary>Records starts and crashes of workers, tokens, and aborts by the watchdog; <see langword="null"/> to record nothing.</summary>
    internal NodeMetrics? Metrics { get; init; }

    /// <summary>Sends SIGKILL. Tests replace it.</summary>
    internal Action<Process> Kill { get; init; } = static process => process.Kill();
}
