using System.Text.Json;
using RkLlama.Cli.Doctor;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Api.Node;

/// <summary>
/// Runs the checks of <c>rkllama doctor</c> in the server, with its settings and as its user. Requests share one run, whose result is kept for 30 s. Thread-safe.
/// </summary>
internal sealed class DoctorReader(NodeOptions options, HealthReader health, TimeProvider time)
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();

    // Guarded by _lock. The last run and the time of its start.
    private Task<NodeDoctor>? _last;
    private long _started;

    /// <summary>Returns the findings of a run that started at most 30 s ago.</summary>
    internal Task<NodeDoctor> ReadAsync()
    {
        lock (_lock)
        {
            if (_last is null or { IsFaulted: true } || (_last.IsCompleted && time.GetElapsedTime(_started) > Kept))
            {
                // The checks start processes and read files, which may take seconds, so they get a thread of their own.
                _last = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
                _started = time.GetTimestamp();
            }

            return _last;
        }
    }

    private NodeDoctor Run()
    {
        NodeSnapshot node = new(options.SysfsRoot, static _ => null, Environment.GetEnvironmentVariable, CurrentUser.Name, options)
        {
            IdentifyLibrary = RuntimeProbe.Identify,
            IdentifyRknnLibrary = RuntimeProbe.IdentifyRknn,

            // Only root could check for another user, with a change of the working directory, which this process must not make.
            FindDenied = static (node, paths) => node.User == CurrentUser.Name ? ServiceAccess.FindDenied(node, paths) : [],
            Health = _ => JsonSerializer.Serialize(health.Read(), StatusJson.Wire.HealthReply),
            FreeBytes = DoctorCommand.FreeBytes,
        };
        DoctorReport report = DoctorReport.Of(CheckRun.Run(node));
        return new(
            [.. report.Findings.Select(static line => new NodeFinding(line.Id, line.Verdict, line.Text, line.Remedy))],
            report.Failures,
            report.Warnings,
            time.GetUtcNow(),
            CurrentUser.Name == "root");
    }
}
