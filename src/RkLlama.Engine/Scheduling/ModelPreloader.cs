using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Loads the model of the setting <see cref="NodeOptions.Preload"/> in the background when the server starts. Tries again with growing delays until a model is
/// loaded. If the setting is empty, identifies the vendor library and logs the result.
/// </summary>
internal sealed partial class ModelPreloader(
    NodeOptions options, ModelCatalog catalog, ModelHost host, IEngine engine, Readiness readiness, TimeProvider time, ILogger<ModelPreloader> logger) : BackgroundService
{
    // Set when any model has been loaded. Then a failed preload is not tried again, because the operator or a request has chosen a model.
    private volatile bool _isAnyLoaded;

    /// <summary>
    /// Records the preload before the server accepts connections. Otherwise <c>/ready</c> could report the node as ready before the preload starts.
    /// </summary>
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

    /// <summary>Tries once to load the model. After a failure, waits for the retry delay.</summary>
    /// <returns><see langword="false"/> if the load failed and can be tried again.</returns>
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
