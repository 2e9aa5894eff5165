using RkLlama.Engine.Configuration;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Server;

namespace RkLlama.Server.Hosting;

/// <summary>What happens once after the start, in the background: look at the vendor library, and load the model that the operator named.</summary>
internal sealed partial class Preloader(
    ServerOptions options, ModelCatalog catalog, ModelHost host, WorkerEngine engine, Readiness readiness, TimeProvider time, ILogger<Preloader> logger) : BackgroundService
{
    /// <summary>Before the listener opens: a node whose model is on its way is not ready for a moment first.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Preload is { } name)
            readiness.PreloadStarts(name);
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

        // Until it succeeds, or somebody else has decided what the node serves.
        BackOff backOff = new();
        int loads = host.Loads;
        while (!await TryLoadAsync(name, backOff, stoppingToken).ConfigureAwait(false) && host.Loads == loads && !stoppingToken.IsCancellationRequested)
        {
        }
    }

    /// <returns><see langword="false"/> when it is to be tried again; the time for that has come.</returns>
    private async Task<bool> TryLoadAsync(string name, BackOff backOff, CancellationToken stoppingToken)
    {
        readiness.PreloadStarts(name);
        try
        {
            host.Home = await host.LoadAsync(catalog.Find(name)).ConfigureAwait(false);
            readiness.PreloadEnds(name, null);
            return true;
        }
        catch (Exception ex) when (ex is NoModelException or ModelOccupiedException)
        {
            // The operator, or a request, was quicker.
            readiness.PreloadEnds(name, null);
            return true;
        }
        catch (Exception ex) when (ex is EngineException or ModelException)
        {
            TimeSpan delay = backOff.Next();
            readiness.PreloadEnds(name, ex.Message);
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
