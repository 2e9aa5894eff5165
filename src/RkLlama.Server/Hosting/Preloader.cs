using RkLlama.Server.Configuration;
using RkLlama.Server.Inference;
using RkLlama.Server.Models;
using RkLlama.Server.Worker;

namespace RkLlama.Server.Hosting;

/// <summary>What happens once after the start, in the background: look at the vendor library, and load the model that the operator named.</summary>
internal sealed partial class Preloader(ServerOptions options, ModelCatalog catalog, ModelHost host, WorkerEngine engine, Readiness readiness, ILogger<Preloader> logger) : BackgroundService
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

        try
        {
            host.Home = await host.LoadAsync(catalog.Find(name)).ConfigureAwait(false);
            readiness.PreloadEnds(name, null);
        }
        catch (NoModelException)
        {
            // The operator unloaded it: what the node serves is the operator's business from now on.
            readiness.PreloadEnds(name, null);
        }
        catch (Exception ex) when (ex is EngineException or ModelException or ModelOccupiedException)
        {
            readiness.PreloadEnds(name, ex.Message);
            Log.Failed(logger, name, ex.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Model {Model} could not be preloaded: {Reason}")]
        internal static partial void Failed(ILogger logger, string model, string reason);
    }
}
