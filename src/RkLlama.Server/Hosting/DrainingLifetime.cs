using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Controls the start and the stop of the service. When the server has started, tells systemd that it is ready, and starts to notify systemd's watchdog. On
/// SIGTERM or Ctrl-C the server drains: it refuses new and waiting requests, ends the downloads, and lets the active run continue for at most the drain timeout. Then the host
/// stops. A second signal aborts the active run at once.
/// </summary>
internal sealed partial class DrainingLifetime(
    IHostApplicationLifetime application,
    RunQueue queue,
    ModelHost host,
    CpuPool cpu,
    PullService pulls,
    NodeOptions options,
    IOptions<HostOptions> hostOptions,
    SystemdNotifier systemd,
    TimeProvider time,
    ILogger<DrainingLifetime> logger) : IHostLifetime, IDisposable
{
    // The maximum time from the end of the drain timeout, or from an earlier abort, until the host closes the last connections.
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(1.5);

    // The time between two attempts to tell systemd that the server is ready, while the queue of its socket is full.
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly List<IDisposable> _registrations = [];
    private readonly CancellationTokenSource _forceStop = new();
    private int _signals;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        _registrations.Add(application.ApplicationStarted.Register(OnStarted));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void OnStarted()
    {
        if (!systemd.IsEnabled)
            return;

        _ = NotifyReadyAsync();
        if (WatchdogInterval(Environment.GetEnvironmentVariable("WATCHDOG_USEC")) is { } interval)
        {
            // The timer runs on the thread pool. If the pool is blocked, the server cannot answer requests. Then systemd gets no notification and restarts the
            // server.
            _registrations.Add(time.CreateTimer(_ => systemd.Notify(SystemdNotifier.Alive), null, interval, interval));
        }
    }

    private async Task NotifyReadyAsync()
    {
        while (!systemd.Notify(SystemdNotifier.Ready) && !application.ApplicationStopping.IsCancellationRequested)
            await Task.Delay(RetryInterval, time, application.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Returns the interval of the watchdog notifications: half of systemd's timeout, as its documentation recommends. Null if the watchdog is off.
    /// </summary>
    /// <param name="microseconds">Value of <c>WATCHDOG_USEC</c>: the timeout in microseconds. Null if systemd has not set it.</param>
    internal static TimeSpan? WatchdogInterval(string? microseconds) =>
        long.TryParse(microseconds, out long value) && value > 0 ? TimeSpan.FromMicroseconds(value / 2.0) : null;

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) == 1)
            _ = DrainAsync();
        else
            Force();
    }

    private void Force()
    {
        cpu.CancelAfter(TimeSpan.Zero);
        _ = _forceStop.CancelAsync();
    }

    /// <summary>Drains the server, then stops the host.</summary>
    internal async Task DrainAsync()
    {
        long start = time.GetTimestamp();
        try
        {
            systemd.Notify(SystemdNotifier.Stopping);
            Log.Draining(logger, options.DrainTimeout.TotalSeconds);
            queue.Close();

            // A download needs minutes, and the next start continues it.
            pulls.Close();
            await cpu.CloseAsync().ConfigureAwait(false);
            if (!await queue.WhenIdleAsync(options.DrainTimeout, _forceStop.Token).ConfigureAwait(false))
            {
                Log.DrainTimeExceeded(logger);
                await AbortRunAsync().ConfigureAwait(false);
            }
            else if (host.Residents.Any(static resident => resident.Model.State == ModelState.Loading))
            {
                // No request can use a model that is loading, because the queue is closed.
                await AbortRunAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            // The runs have ended. Their requests may still check the output and send the rest, for the rest of the drain timeout.
            TimeSpan rest = options.DrainTimeout - time.GetElapsedTime(start);
            rest = rest < TimeSpan.Zero || _forceStop.IsCancellationRequested ? TimeSpan.Zero : rest;
            cpu.CancelAfter(rest);
            if (rest + CloseTime < hostOptions.Value.ShutdownTimeout)
                hostOptions.Value.ShutdownTimeout = rest + CloseTime;
            application.StopApplication();
        }
    }

    /// <summary>Aborts the active run or load. The client of the run still gets the error, because connections are closed later.</summary>
    private async Task AbortRunAsync()
    {
        try
        {
            await host.UnloadAllAsync().ConfigureAwait(false);
        }
        catch (EngineException)
        {
            // A worker is stuck in the driver. The server stops anyway.
        }
    }

    public void Dispose()
    {
        foreach (IDisposable registration in _registrations)
            registration.Dispose();
        _forceStop.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Stopping: the running answer has {Seconds} s to finish")]
        internal static partial void Draining(ILogger logger, double seconds);

        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "The running answer did not finish in time and is aborted")]
        internal static partial void DrainTimeExceeded(ILogger logger);
    }
}
