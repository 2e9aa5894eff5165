using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Store;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Loads the models of the setting <see cref="NodeOptions.Preload"/> in the background when the server starts. Tries those that failed again with growing delays,
/// until the operator or a request has loaded another model. If a model is missing, loads it when its download has completed. If the setting is empty, identifies the
/// vendor library and logs the result.
/// </summary>
internal sealed partial class ModelPreloader(
    NodeOptions options,
    ModelCatalog catalog,
    ModelHost host,
    RunQueue queue,
    IEngine engine,
    Readiness readiness,
    TimeProvider time,
    ILogger<ModelPreloader> logger,
    ModelStore? store = null,
    IModelDownloads? downloads = null) : BackgroundService
{
    // Has an item when a model of the setting has been added to the models directory.
    private readonly Channel<bool> _added = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = false, AllowSynchronousContinuations = false, FullMode = BoundedChannelFullMode.DropWrite });

    // The models that were not there at their last attempt, but are being downloaded. They are loaded also after another model.
    private readonly HashSet<string> _coming = [];

    // Set when a model that is not preloaded has been loaded. Then a failed preload is not tried again, because the operator or a request has chosen a model.
    private volatile bool _isOtherLoaded;

    /// <summary>
    /// Records the preload before the server accepts connections. Otherwise <c>/ready</c> could report the node as ready before the preload starts.
    /// </summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        host.StateChanged += (model, _) => _isOtherLoaded |= model.State == ModelState.Ready && !IsPreloaded(model.Name);
        store?.Added += name =>
        {
            if (IsPreloaded(name))
                _added.Writer.TryWrite(true);
        };
        if (options.Preload is [var first, ..])
            readiness.PreloadStarted(first);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        engine.ReportEncoderLibrary();
        if (options.Preload.Count == 0)
        {
            await engine.ProbeAsync().ConfigureAwait(false);
            return;
        }

        RetryBackoff backoff = new();
        List<string> missing = [.. options.Preload];
        while (missing.Count > 0 && !stoppingToken.IsCancellationRequested)
        {
            TimeSpan delay = backoff.Next();
            foreach (string name in missing.ToArray())
            {
                if ((_isOtherLoaded && !_coming.Contains(name)) || await TryLoadAsync(name, delay).ConfigureAwait(false))
                    missing.Remove(name);
            }

            if (missing.Count > 0)
                await WaitAsync(delay, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Tries once to load a model.</summary>
    /// <param name="delay">The time until the next attempt, for the log.</param>
    /// <returns><see langword="false"/> if the load failed and can be tried again.</returns>
    private async Task<bool> TryLoadAsync(string name, TimeSpan delay)
    {
        string local = catalog.Resolve(name) ?? catalog.ResolveName(LocalNameOf(name)) ?? LocalNameOf(name);
        bool wasComing = _coming.Contains(name);
        if (!wasComing)
            readiness.PreloadStarted(name);
        try
        {
            ModelEntry entry = catalog.Find(local);
            readiness.PreloadStarted(name);
            Task load;
            using (host.HasModel ? await queue.EnterAsync(local, CancellationToken.None).ConfigureAwait(false) : null)
                load = host.PreloadAsync(entry);
            await load.ConfigureAwait(false);
            readiness.PreloadEnded(name, null);
            return true;
        }
        catch (Exception ex) when (ex is NoModelException or ModelAlreadyLoadedException or DrainingException)
        {
            // The operator or a request has loaded another model, or the operator has unloaded this one.
            readiness.PreloadEnded(name, null);

            // A model of a request is replaced when its idle timer expires, that of the operator is not.
            if (wasComing && ex is ModelAlreadyLoadedException && host.Current is { IsPinned: false })
                host.PreloadWhenIdle(local);
            else if (ex is ModelAlreadyLoadedException)
                LogNoRoom(name);
            return true;
        }
        catch (Exception ex) when (ex is EngineException or ModelException or QueueFullException)
        {
            readiness.PreloadEnded(name, ex.Message);
            _coming.Remove(name);
            if (ex is ModelException { Kind: ModelErrorKind.DirectoryNotFound } && downloads?.FindDownload(name) is not null)
                _coming.Add(name);
            if (!_coming.Contains(name))
                Log.Failed(logger, name, delay.TotalSeconds, ex.Message);
            else if (!wasComing)
                Log.Waits(logger, name);
            return false;
        }
    }

    private void LogNoRoom(string name)
    {
        if (host.Residents.Select(static resident => resident.Model).FirstOrDefault(static model => !AdmissionPolicy.SupportsSeveral(model)) is { Facts: { } facts })
            Log.OldRuntime(logger, name, facts.RuntimeVersion);
        else
            Log.NoRoom(logger, name);
    }

    private string LocalNameOf(string name) => downloads?.LocalNameOf(name) ?? name;

    private bool IsPreloaded(string model) => options.Preload.Any(name => ModelName.IsSame(LocalNameOf(name), model) || catalog.Resolve(name) == model);

    /// <summary>Waits for the retry delay, or until a model of the setting has been added.</summary>
    private async Task WaitAsync(TimeSpan delay, CancellationToken stoppingToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await Task.WhenAny(Task.Delay(delay, time, ended.Token), _added.Reader.ReadAsync(ended.Token).AsTask()).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Model {Model} could not be preloaded, next attempt in {Seconds} s: {Reason}")]
        internal static partial void Failed(ILogger logger, string model, double seconds, string reason);

        [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Model {Model} is not preloaded: there is no room for it beside the models in memory (--max-models)")]
        internal static partial void NoRoom(ILogger logger, string model);

        [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "Model {Model} is not preloaded: version {Version} of the vendor library keeps one model, several need version 1.2.2 or later")]
        internal static partial void OldRuntime(ILogger logger, string model, string version);

        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Model {Model} is being downloaded. It is loaded when it is there")]
        internal static partial void Waits(ILogger logger, string model);
    }
}
