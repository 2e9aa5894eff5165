using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting.Systemd;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Controls the start and the stop of the service. When the server has started, tells systemd that it is ready, and starts to notify systemd's watchdog. On
/// SIGTERM or Ctrl-C the server drains: it refuses new and waiting requests and lets the active run continue for at most the drain timeout. Then the host
/// stops. A second signal aborts the active run at once.
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
            // The timer runs on the thread pool. If the pool is blocked, the server cannot answer requests. Then systemd gets no notification and restarts the
            // server.
            _registrations.Add(time.CreateTimer(_ => _systemd.Notify(new ServiceState("WATCHDOG=1")), null, interval, interval));
        }
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
                // No request can use the model that is loading, because the queue is closed.
                await AbortRunAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            application.StopApplication();
        }
    }

    /// <summary>Aborts the active run or load. The client of the run still gets the error, because connections are closed later.</summary>
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
