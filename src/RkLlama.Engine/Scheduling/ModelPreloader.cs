using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Loads the operator's model at startup, in the background, and retries with backoff until a model is loaded. Without such a model, identifies the vendor
/// library and logs the result.
/// </summary>
internal sealed partial class ModelPreloader(
    NodeOptions options, ModelCatalog catalog, ModelHost host, IEngine engine, Readiness readiness, TimeProvider time, ILogger<ModelPreloader> logger) : BackgroundService
{
    // Set when any model has been loaded. Then the preload is not retried, because the operator or a request has chosen a model.
    private volatile bool _isAnyLoaded;

    /// <summary>Called before the server listens, so that <c>/ready</c> never reports a node as ready before its preload.</summary>
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

    /// <summary>Tries to load the model once. After a failure, waits for the retry delay.</summary>
    /// <returns><see langword="false"/> after a failure that can be retried.</returns>
    private async Task<bool> TryLoadAsync(string name, RetryBackoff backoff, CancellationToken stoppingToken)
    {
        readiness.PreloadStarted(name);
        try
        {
            host.PreloadedModel = await host.LoadAsync(catalog.Find(name)).ConfigureAwait(false);
            readiness.PreloadEnded(name, null);
            return true;
        }
        catch (Exception ex) when (ex is NoModelException or ModelAlreadyLoadedException)
        {
            // The operator or a request has loaded another model, or the operator has unloaded this one.
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
