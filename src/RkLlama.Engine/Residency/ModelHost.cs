using System.Threading.Channels;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Residency;

/// <summary>
/// Owns which model the node serves: one at a time. Operators load and unload it; requests that name another one switch to it when it is their turn.
/// </summary>
internal sealed partial class ModelHost(
    IEngine engine, ModelCatalog catalog, PromptSource prompts, NodeFaults faults, NodeMetrics metrics, ServerOptions options, TimeProvider time, ILogger<ModelHost> logger)
    : IAsyncDisposable
{
    private readonly ModelInspection _inspection = new(logger);
    private readonly Lock _lock = new();

    // Guarded by _lock. Set while a model loads, is loaded, is being replaced, or has failed for good.
    private LoadedModel? _model;
    private bool _isLoaded;
    private int _loads;

    // Guarded by _lock. The end of the last worker: the next one starts after it.
    private Task _end = Task.CompletedTask;

    // Guarded by _lock.
    private readonly NamedModels _named = new(prompts);

    // A change, or none.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>The model that was loaded, or <see langword="null"/>; a model that is still loading for the first time is not one yet.</summary>
    internal LoadedModel? Current
    {
        get
        {
            lock (_lock)
                return _isLoaded ? _model : null;
        }
    }

    /// <summary>How many loads have succeeded.</summary>
    internal int Loads => Volatile.Read(ref _loads);

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
    /// <exception cref="NoModelException">It was unloaded before it was loaded.</exception>
    internal async Task<LoadedModel> LoadAsync(ModelEntry entry)
    {
        _inspection.Check(entry);
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
    /// <exception cref="ModelNotFoundException">There is no such model.</exception>
    /// <exception cref="ModelException">Its Modelfile does not say what to load.</exception>
    internal LoadedModel Find(string requested)
    {
        lock (_lock)
        {
            if (_model is { } current && current.Name == requested)
                return current;
        }

        string name = catalog.Resolve(requested) ?? throw new ModelNotFoundException(requested);
        ModelEntry entry = catalog.Find(name);
        lock (_lock)
        {
            if (_model is { } current && current.Name == name)
                return current;

            return _named.Get(entry);
        }
    }

    /// <summary>Makes this model the one that the node serves. Only for whoever has the turn: nothing runs then.</summary>
    /// <returns>Who keeps its worker.</returns>
    /// <exception cref="EngineException">It could not be loaded; there is no model then.</exception>
    /// <exception cref="NoModelException">It was unloaded, before this or before it was loaded.</exception>
    internal async Task<SessionKeeper> SwitchToAsync(LoadedModel model, CancellationToken cancellationToken)
    {
        bool isChecked = false;
        while (true)
        {
            SessionKeeper? keeper = null;
            lock (_lock)
            {
                // Once unloaded it stays so, for all who have found it before; who asks for it again finds another.
                if (model.Unloaded.IsCancellationRequested)
                    throw new NoModelException();
                if (_model == model && model.Keeper is { } own)
                    return own;
                if (_model is not null && !_isLoaded)
                {
                    keeper = _model.Keeper!;
                }
                else if (isChecked)
                {
                    if (faults.Stuck is { } stuck)
                        throw stuck;
                    cancellationToken.ThrowIfCancellationRequested();
                    if (_model is { Keeper: { } old } before)
                    {
                        Log.SwitchedAway(logger, before.Name);
                        before.IsPinned = before == Home;
                        _end = old.EndAsync();
                    }

                    keeper = Begin(model);
                }
            }

            if (keeper is null)
            {
                // Nobody waits for the lock meanwhile.
                _inspection.Check(model.Entry);
                isChecked = true;
                continue;
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

    /// <summary>Begins the model's idle time anew. One that the operator has loaded has none.</summary>
    internal void Touch(LoadedModel model, TimeSpan? keepAlive)
    {
        TimeSpan idle = keepAlive ?? options.KeepAlive;
        model.Expires = model.IsPinned || idle < TimeSpan.Zero ? DateTimeOffset.MaxValue : time.GetUtcNow() + idle;
        NoteChange();
    }

    /// <summary>
    /// The operator's model that came with the start: it comes back when the one that took its place has been idle for long enough.
    /// <see langword="null"/> where there is none, or since it was unloaded by hand.
    /// </summary>
    internal LoadedModel? Home
    {
        get;
        set
        {
            field = value;
            NoteChange();
        }
    }

    /// <summary>Waits until what the node serves, or until when, has changed since the last time. For one reader.</summary>
    internal async Task ChangeAsync(CancellationToken cancellationToken) => await _changes.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);

    private void NoteChange() => _changes.Writer.TryWrite(true);

    /// <summary>Ends the worker of the model, if it has one; who names the model afterwards loads it again. Only for whoever has the turn.</summary>
    internal async Task LetGoAsync(string name)
    {
        LoadedModel model;
        lock (_lock)
        {
            if (_model is null || _model.Name != name || !_isLoaded)
                return;
            model = _model;
            (_model, _isLoaded) = (null, false);
            _end = model.Keeper!.EndAsync();
        }

        await _end.ConfigureAwait(false);
        NoteChange();
        Log.Unloaded(logger, model.Name);
    }

    /// <summary>Under the lock.</summary>
    private SessionKeeper Begin(LoadedModel model)
    {
        (_model, _isLoaded) = (model, false);
        return model.Keeper = new(model, _end, engine, faults, metrics, time, logger);
    }

    private async Task AwaitLoadAsync(LoadedModel model, SessionKeeper keeper)
    {
        try
        {
            await keeper.Loaded.ConfigureAwait(false);
            lock (_lock)
            {
                _isLoaded = _model == model || _isLoaded;
                _loads++;
            }

            NoteChange();
        }
        catch (Exception ex)
        {
            lock (_lock)
            {
                if (_model == model)
                    (_model, _isLoaded) = (null, false);
            }

            NoteChange();
            if (ex is OperationCanceledException && model.Unloaded.IsCancellationRequested)
                throw new NoModelException();
            throw;
        }
    }

    /// <summary>Unloads the model: its run is aborted, whoever waits for it is told, and its memory is free when this returns.</summary>
    /// <exception cref="NoModelException">There is none.</exception>
    /// <exception cref="WorkerStuckException">Its worker does not go: the NPU is not free.</exception>
    internal async Task UnloadAsync()
    {
        LoadedModel model;
        Task told, end;
        lock (_lock)
        {
            model = _model ?? throw new NoModelException();
            (_model, _isLoaded) = (null, false);

            // In this order: whoever hears from the keeper that the worker goes finds out here why. Whoever reads an answer aborts its run.
            told = model.MarkUnloadedAsync();
            end = _end = model.Keeper!.EndAsync();
            if (Home == model)
                Home = null;
        }

        await told.ConfigureAwait(false);
        await end.ConfigureAwait(false);
        NoteChange();
        Log.Unloaded(logger, model.Name);
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

        [LoggerMessage(EventId = 8, Level = LogLevel.Information, Message = "Model {Model} makes room for another")]
        internal static partial void SwitchedAway(ILogger logger, string model);
    }
}
