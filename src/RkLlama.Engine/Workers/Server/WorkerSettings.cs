using System.Diagnostics;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>What all workers of a server have in common.</summary>
/// <param name="Executable">The program that is started as a worker.</param>
/// <param name="ExpectedPlatform">What the runtime should report, e.g. <c>rk3588</c>; null for anything.</param>
/// <param name="LoadTime">How long the library may take to load a model.</param>
internal sealed record WorkerSettings(string Executable, string? ExpectedPlatform, TimeSpan LoadTime, RunTimeouts Budgets, TimeProvider Time)
{
    /// <summary>Hears of starts, deaths and tokens.</summary>
    internal NodeMetrics? Metrics { get; init; }

    /// <summary>Sends SIGKILL.</summary>
    internal Action<Process> Kill { get; init; } = static process => process.Kill();
}
