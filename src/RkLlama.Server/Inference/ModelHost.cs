using RkLlama.Server.Models;

namespace RkLlama.Server.Inference;

/// <summary>
/// Owns which model the node serves: one at a time. Operators load and unload it; requests that name another one switch to it when it is their turn.
/// </summary>
internal sealed partial class ModelHost(
    IEngine engine, ModelCatalog catalog, PromptSource prompts, NodeFaults faults, TimeProvider time, ILogger<ModelHost> logger) : IAsyncDisposable
{
    // Tokenizers of models that requests have named lately; each takes some MB.
    private const int KnownModels = 4;

    private readonly Lock _lock = new();

    // Guarded by _lock. Set while a model loads, is loaded, is being replaced, or has failed for good.
    private LoadedModel? _model;
    private bool _isLoaded;

    // Guarded by _lock. The end of the last worker: the next one starts after it.
    private Task _end = Task.CompletedTask;

    // Guarded by _lock. Models that requests have named, the latest last.
    private readonly List<LoadedModel> _known = [];

    /// <summary>The model that was loaded, or <see langword="null"/>; a model that is still loading for the first time is not one yet.</summary>
    internal LoadedModel? Current
    {
        get
        {
            lock (_lock)
                return _isLoaded ? _model : null;
        }
    }

    /// <summary>The model that is loaded or loading, for requests that may wait for it.</summary>
    /// <exception cref="NoModelException">There is none.</exception>
    internal LoadedModel Require()
    {
        lock (_lock)
            return _model ?? throw new NoModelException();
    }

    /// <summary>Whether a load would be refused. A model that failed for good makes room for the next.</summary>
    internal bool IsOccupied
    {
        get
        {
            lock (_lock)
                return _model is not null && StateOf(_model) != ModelState.Failed;
        }
    }

    /// <summary>What the host does right now; asks nobody.</summary>
    internal ModelStatus Status
    {
        get
        {
            lock (_lock)
            {
                return faults.Stuck is { } stuck
                    ? new(ModelState.Stuck, _model?.Name, _model?.Keeper?.Facts, faults.Last, stuck.Message)
                    : new(_model is null ? ModelState.None : StateOf(_model), _model?.Name, _model?.Keeper?.Facts, faults.Last, _model?.Keeper?.Failure);
            }
        }
    }

    // A model may be down for good before anybody has taken note of its load.
    private ModelState StateOf(LoadedModel model) => model.Keeper?.State is { } state && (_isLoaded || state != ModelState.Loaded) ? state : ModelState.Loading;

    /// <summary>Loads a model for the operator; takes seconds. Goes on when the caller loses interest.</summary>
    /// <exception cref="ModelOccupiedException">A model is loaded or loading.</exception>
    /// <exception cref="EngineException">It could not be loaded.</exception>
    internal async Task<LoadedModel> LoadAsync(ModelEntry entry)
    {
        Check(entry);
        LoadedModel model = new(entry, prompts.LoadAsync(entry)) { IsPinned = true };
        SessionKeeper keeper;
        lock (_lock)
        {
            if (faults.Stuck is { } stuck)
                throw stuck;
            if (_model is not null && StateOf(_model) != ModelState.Failed)
                throw new ModelOccupiedException();
            keeper = Begin(model);
        }

        await AwaitLoadAsync(model, keeper).ConfigureAwait(false);
        return model;
    }

    /// <summary>The model of a request that names it; nothing is loaded yet but its prompts.</summary>
    /// <exception cref="ModelException">There is no such model.</exception>
    internal LoadedModel Find(string name)
    {
        lock (_lock)
        {
            if (_model is { } current && current.Name == name)
                return current;
        }

        ModelEntry entry = catalog.Find(name);
        lock (_lock)
        {
            // What the Modelfile says now counts, not what it said then.
            LoadedModel? model = _known.Find(known => known.Entry == entry && !known.Unloaded.IsCancellationRequested);
            _known.RemoveAll(known => known.Name == name);
            model ??= new(entry, prompts.LoadAsync(entry));
            _known.Add(model);
            if (_known.Count > KnownModels)
                _known.RemoveAt(0);
            return model;
        }
    }

    /// <summary>Makes this model the one that the node serves. Only for whoever has the turn: nothing runs then.</summary>
    /// <returns>Who keeps its worker.</returns>
    /// <exception cref="EngineException">It could not be loaded; there is no model then.</exception>
    internal async Task<SessionKeeper> SwitchToAsync(LoadedModel model, CancellationToken cancellationToken)
    {
        while (true)
        {
            SessionKeeper keeper;
            lock (_lock)
            {
                if (_model == model && model.Keeper is { } own)
                    return own;
                if (_model is not null && !_isLoaded)
                {
                    keeper = _model.Keeper!;
                }
                else
                {
                    if (faults.Stuck is { } stuck)
                        throw stuck;
                    cancellationToken.ThrowIfCancellationRequested();
                    Check(model.Entry);
                    if (_model is { Keeper: { } old } before)
                    {
                        Log.SwitchedAway(logger, before.Name);
                        _end = old.EndAsync();
                    }

                    keeper = Begin(model);
                }
            }

            if (model.Keeper == keeper)
            {
                await AwaitLoadAsync(model, keeper).WaitAsync(cancellationToken).ConfigureAwait(false);
                return keeper;
            }

            // The operator is loading another one; afterwards it is this one's turn.
            await keeper.Loaded.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private void Check(ModelEntry entry)
    {
        if (ModelFileCheck.Describe(entry.ModelPath) is { } problem)
            throw new EngineException(problem);
        foreach (string warning in entry.Modelfile.Warnings)
            Log.ModelfileWarning(logger, warning);
    }

    /// <summary>Under the lock.</summary>
    private SessionKeeper Begin(LoadedModel model)
    {
        (_model, _isLoaded) = (model, false);
        return model.Keeper = new(model, _end, engine, faults, time, logger);
    }

    private async Task AwaitLoadAsync(LoadedModel model, SessionKeeper keeper)
    {
        try
        {
            await keeper.Loaded.ConfigureAwait(false);
            lock (_lock)
                _isLoaded = _model == model || _isLoaded;
        }
        catch
        {
            Forget(model);
            throw;
        }
    }

    /// <summary>Unloads the model: its run is aborted, whoever waits for it is told, and its memory is free when this returns.</summary>
    /// <exception cref="NoModelException">There is none.</exception>
    /// <exception cref="WorkerStuckException">Its worker does not go: the NPU is not free.</exception>
    internal async Task UnloadAsync()
    {
        LoadedModel model;
        Task end;
        lock (_lock)
        {
            model = _model ?? throw new NoModelException();
            (_model, _isLoaded) = (null, false);
            end = _end = model.Keeper!.EndAsync();
        }

        // Whoever waits for the worker hears from the keeper or from here that it goes; whoever reads an answer aborts its run.
        await model.MarkUnloadedAsync().ConfigureAwait(false);
        await end.ConfigureAwait(false);
        Log.Unloaded(logger, model.Name);
    }

    private void Forget(LoadedModel model)
    {
        lock (_lock)
        {
            if (_model == model)
                (_model, _isLoaded) = (null, false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (IsOccupied)
            await UnloadAsync().ConfigureAwait(false);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Model {Model} unloaded")]
        internal static partial void Unloaded(ILogger logger, string model);

        [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "{Text}")]
        internal static partial void ModelfileWarning(ILogger logger, string text);

        [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "Model {Model} makes room for another")]
        internal static partial void SwitchedAway(ILogger logger, string model);
    }
}

/// <summary>No model is loaded.</summary>
internal sealed class NoModelException() : Exception("No models are currently loaded.");

/// <summary>A model is loaded or loading already.</summary>
internal sealed class ModelOccupiedException() : Exception("A model is already loaded. Please unload it first.");
