using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting.Systemd;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Start and stop of the service: tells systemd when the listener is open, keeps its watchdog fed, and turns SIGTERM and Ctrl-C into a drain:
/// new and waiting requests are refused, the run in progress may finish within its grace, then the host stops. A second signal ends the grace.
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
            // On the thread pool: a server that cannot run this cannot answer either.
            _registrations.Add(time.CreateTimer(_ => _systemd.Notify(new ServiceState("WATCHDOG=1")), null, interval, interval));
        }
    }

    /// <summary>Half of what systemd allows, as its documentation asks for.</summary>
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
        Log.Draining(logger, options.DrainTime.TotalSeconds);
        try
        {
            queue.Close();
            if (!await queue.WhenIdleAsync(options.DrainTime, _forceStop.Token).ConfigureAwait(false))
            {
                Log.GraceOver(logger);
                await AbortRunAsync().ConfigureAwait(false);
            }
            else if (host.Status.State == ModelState.Loading)
            {
                // Nobody will use it any more.
                await AbortRunAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            application.StopApplication();
        }
    }

    /// <summary>Ends the running answer, or the load, with an error that its client gets to see, before the connections go.</summary>
    private async Task AbortRunAsync()
    {
        try
        {
            await host.UnloadAsync().ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is NoModelException or EngineException)
        {
            // Unloaded by somebody else, or stuck in the driver: the server goes all the same.
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
        internal static partial void GraceOver(ILogger logger);
    }
}
