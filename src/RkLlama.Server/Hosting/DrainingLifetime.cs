using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting.Systemd;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Start and stop of the service. Tells systemd when the listener is open, and notifies its watchdog. On SIGTERM or Ctrl-C the server drains: new and waiting
/// requests are refused, the active run may finish within the drain time, then the host stops. A second signal ends the drain time early.
/// </summary>
internal sealed partial class DrainingLifetime(
    IHostApplicationLifetime application,
    RunQueue queue,
    ModelHost host,
    NodeOptions options,
    TimeProvider time,
    ILogger<DrainingLifetime> logger) : IHostLifetime, IDisposable
{
    private readonly SystemdNotifier _systemd = new();
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
        if (!_systemd.IsEnabled)
            return;

        _systemd.Notify(ServiceState.Ready);
        if (WatchdogInterval(Environment.GetEnvironmentVariable("WATCHDOG_USEC")) is { } interval)
        {
            // Runs on the thread pool. If the pool is blocked, the server cannot answer requests, and systemd should restart it.
            _registrations.Add(time.CreateTimer(_ => _systemd.Notify(new ServiceState("WATCHDOG=1")), null, interval, interval));
        }
    }

    /// <summary>Half of systemd's timeout, as its documentation recommends. Null if the watchdog is off.</summary>
    internal static TimeSpan? WatchdogInterval(string? microseconds) =>
        long.TryParse(microseconds, out long value) && value > 0 ? TimeSpan.FromMicroseconds(value / 2.0) : null;

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) == 1)
            _ = DrainAsync();
        else
            _ = _forceStop.CancelAsync();
    }

    private async Task DrainAsync()
    {
        _systemd.Notify(ServiceState.Stopping);
        Log.Draining(logger, options.DrainTimeout.TotalSeconds);
        try
        {
            queue.Close();
            if (!await queue.WhenIdleAsync(options.DrainTimeout, _forceStop.Token).ConfigureAwait(false))
            {
                Log.DrainTimeExceeded(logger);
                await AbortRunAsync().ConfigureAwait(false);
            }
            else if (host.Status.State == ModelState.Loading)
            {
                // No request can use the model any more.
                await AbortRunAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            application.StopApplication();
        }
    }

    /// <summary>Aborts the active run or load. Its client still gets the error, because the connections close later.</summary>
    private async Task AbortRunAsync()
    {
        try
        {
            await host.UnloadAsync().ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is NoModelException or EngineException)
        {
            // The model is unloaded already, or its worker is stuck in the driver. The server stops anyway.
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
