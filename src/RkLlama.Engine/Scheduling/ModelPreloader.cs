using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>Runs once after the start, in the background: identifies the vendor library, or loads the model that the operator named.</summary>
internal sealed partial class ModelPreloader(
    NodeOptions options, ModelCatalog catalog, ModelHost host, IEngine engine, Readiness readiness, TimeProvider time, ILogger<ModelPreloader> logger) : BackgroundService
{
    // Set once any model has been loaded: the operator or a request has decided then what the node serves.
    private volatile bool _isAnyLoaded;

    /// <summary>Runs before the listener opens, so that a node with a preload is never ready before it has loaded.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        host.StateChanged += (model, _) => _isAnyLoaded |= model.State == ModelState.Ready;
        if (options.Preload is { } name)
            readiness.PreloadStarted(name);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        if (options.Preload is not { } name)
        {
            await engine.ProbeAsync().ConfigureAwait(false);
            return;
        }

        RetryBackoff backoff = new();
        while (!await TryLoadAsync(name, backoff, stoppingToken).ConfigureAwait(false) && !_isAnyLoaded && !stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <returns><see langword="false"/> after a failure and the pause that follows it.</returns>
    private async Task<bool> TryLoadAsync(string name, RetryBackoff backoff, CancellationToken stoppingToken)
    {
        readiness.PreloadStarted(name);
        try
        {
            host.PreloadedModel = await host.LoadAsync(catalog.Find(name)).ConfigureAwait(false);
            readiness.PreloadEnded(name, null);
            return true;
        }
        catch (Exception ex) when (ex is NoModelException or ModelOccupiedException)
        {
            // The operator, or a request, came first.
            readiness.PreloadEnded(name, null);
            return true;
        }
        catch (Exception ex) when (ex is EngineException or ModelException)
        {
            TimeSpan delay = backoff.Next();
            readiness.PreloadEnded(name, ex.Message);
            Log.Failed(logger, name, delay.TotalSeconds, ex.Message);
            await Task.Delay(delay, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Model {Model} could not be preloaded, next attempt in {Seconds} s: {Reason}")]
        internal static partial void Failed(ILogger logger, string model, double seconds, string reason);
    }
}
