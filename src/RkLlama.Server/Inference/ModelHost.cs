using System.Diagnostics;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Models;

namespace RkLlama.Server.Inference;

/// <summary>
/// Owns which model the node serves: one at a time, loaded and unloaded on request. When its worker dies, a new one loads the same model,
/// ever more slowly and not for ever.
/// </summary>
internal sealed partial class ModelHost(IEngine engine, TimeProvider time, ILogger<ModelHost> logger) : IAsyncDisposable
{
    private const int MaxRestarts = 5;
    private static readonly TimeSpan RestartWindow = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Queue<DateTimeOffset> _restarts = new();

    // Guarded by _lock. Set while a model loads, is loaded, is being replaced, or has failed for good.
    private LoadedModel? _model;
    private bool _isLoaded;

    // Guarded by _lock. The last worker that could not be ended: while it is there, the NPU is not free.
    private WorkerStuckException? _stuck;
    private Fault? _lastFault;

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
                EngineFacts? facts = _model?.Session is { IsCompletedSuccessfully: true } session ? session.Result.Facts : null;
                return _stuck is { IsStillThere: true } stuck
                    ? new(ModelState.Stuck, _model?.Name, facts, _lastFault, stuck.Message)
                    : new(_model is null ? ModelState.None : StateOf(_model), _model?.Name, facts, _lastFault, FailureOf(_model));
            }
        }
    }

    private ModelState StateOf(LoadedModel model) => model.Session switch
    {
        { IsCompletedSuccessfully: true } session => session.Result.Died.IsCompleted ? ModelState.Restarting : ModelState.Loaded,
        { IsCompleted: true } when _isLoaded => ModelState.Failed,
        _ => _isLoaded ? ModelState.Restarting : ModelState.Loading,
    };

    private static string? FailureOf(LoadedModel? model) => model?.Session.Exception?.InnerException?.Message;

    /// <summary>Loads a model; takes seconds. Goes on when the caller loses interest.</summary>
    /// <exception cref="ModelOccupiedException">A model is loaded or loading.</exception>
    /// <exception cref="EngineException">It could not be loaded.</exception>
    internal async Task LoadAsync(ModelEntry entry)
    {
        if (ModelFileCheck.Describe(entry.ModelPath) is { } problem)
            throw new EngineException(problem);
        if (MemoryCheck.Describe(entry.ModelPath, MemoryCheck.AvailableBytes()) is { } shortage)
            throw new EngineException(shortage);

        foreach (string warning in entry.Modelfile.Warnings)
            Log.ModelfileWarning(logger, warning);

        LoadedModel model = new(entry, LoadPromptsAsync(entry));
        lock (_lock)
        {
            if (_stuck is { IsStillThere: true } stuck)
                throw stuck;
            if (_model is not null && StateOf(_model) != ModelState.Failed)
                throw new ModelOccupiedException();
            (_model, _isLoaded) = (model, false);
            _restarts.Clear();
            model.Session = StartAsync(model);
        }

        try
        {
            await model.Session.ConfigureAwait(false);
            lock (_lock)
                _isLoaded = _model == model || _isLoaded;
        }
        catch (Exception ex)
        {
            if (ex is EngineException && !model.Unloaded.IsCancellationRequested)
                NoteFault(model, ex.Message);
            Forget(model);
            throw;
        }
    }

    /// <summary>Loads tokenizer and chat template: a few hundred milliseconds of reading, so off the request's thread.</summary>
    private async Task<PromptBuilder> LoadPromptsAsync(ModelEntry entry)
    {
        try
        {
            PromptBuilder prompts = await Task.Run(() => PromptBuilder.Load(PromptSettingsOf(entry), time)).ConfigureAwait(false);
            foreach (PromptNote note in prompts.Notes)
                Log.PromptNote(logger, note.IsWarning ? LogLevel.Warning : LogLevel.Information, note.Text);
            return prompts;
        }
        catch (PromptException ex)
        {
            throw new EngineException(ex.Message);
        }
    }

    private static PromptSettings PromptSettingsOf(ModelEntry entry) => new(entry.Name)
    {
        FileName = Path.GetFileName(entry.ModelPath),
        Directory = entry.Directory,
        HuggingFacePath = entry.Modelfile.HuggingFacePath,
        SystemPrompt = entry.Modelfile.System,
        Template = entry.Modelfile.Template,
        Mode = entry.Modelfile.TemplateMode switch
        {
            TemplateMode.Text => PromptMode.Text,
            TemplateMode.Runtime => PromptMode.Runtime,
            _ => PromptMode.Tokens,
        },
        EnableThinking = entry.Modelfile.EnableThinking,
        GuardsSpecialTokens = entry.Modelfile.GuardSpecialTokens ?? true,
    };

    /// <summary>Starts a run on the model, waiting for its worker while that loads or is replaced.</summary>
    /// <exception cref="EngineException">The model failed for good.</exception>
    internal async Task<EngineRun> StartRunAsync(LoadedModel model, GenerationInput input, RunParameters parameters, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            IEngineSession session = await model.Session.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!session.Died.IsCompleted)
            {
                try
                {
                    return session.Start(input, parameters);
                }
                catch (SessionDiedException)
                {
                    // Nothing has begun; the next one gets it.
                }
            }

            Replace(model, session, await session.Died.WaitAsync(cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Unloads the model: its run is aborted, whoever waits for it is told, and its memory is free when this returns.</summary>
    /// <exception cref="NoModelException">There is none.</exception>
    internal async Task UnloadAsync()
    {
        LoadedModel model = Require();
        Forget(model);
        await model.MarkUnloadedAsync().ConfigureAwait(false);
        try
        {
            await EndAsync(await model.Session.ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (Exception ex) when (ex is (EngineException and not WorkerStuckException) or OperationCanceledException)
        {
            // It had not come up, or was gone already.
        }

        Log.Unloaded(logger, model.Name);
    }

    /// <exception cref="WorkerStuckException">Its worker does not go: the NPU is not free, and no other worker may start.</exception>
    private async Task EndAsync(IEngineSession session)
    {
        await session.DisposeAsync().ConfigureAwait(false);
        if (session.Stuck is not { } stuck)
            return;

        lock (_lock)
            _stuck = stuck;
        throw stuck;
    }

    private void NoteFault(LoadedModel model, string reason)
    {
        lock (_lock)
            _lastFault = new(time.GetUtcNow(), model.Name, reason);
    }

    private void Forget(LoadedModel model)
    {
        lock (_lock)
        {
            if (_model == model)
                (_model, _isLoaded) = (null, false);
        }
    }

    private async Task<IEngineSession> StartAsync(LoadedModel model)
    {
        // Off the caller's lock.
        await Task.Yield();
        long start = Stopwatch.GetTimestamp();
        await model.Prompts.ConfigureAwait(false);
        IEngineSession session;
        try
        {
            session = await engine.LoadAsync(model.Engine, model.Unloaded).ConfigureAwait(false);
        }
        catch (WorkerStuckException ex)
        {
            lock (_lock)
                _stuck = ex;
            throw;
        }

        Log.Loaded(logger, model.Name, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds, session.Facts.RuntimeVersion, session.Facts.MaxContextLength);
        _ = WatchAsync(model, session);
        return session;
    }

    private async Task WatchAsync(LoadedModel model, IEngineSession session)
    {
        string reason = await session.Died.ConfigureAwait(false);
        Log.Died(logger, model.Name, reason);
        NoteFault(model, reason);
        Replace(model, session, reason);
    }

    /// <summary>Puts a session that is to come in the place of a dead one; whoever notices first does it.</summary>
    private void Replace(LoadedModel model, IEngineSession dead, string reason)
    {
        lock (_lock)
        {
            if (_model == model && model.Session is { IsCompletedSuccessfully: true } current && current.Result == dead)
                model.Session = RestartAsync(model, dead, reason);
        }
    }

    private async Task<IEngineSession> RestartAsync(LoadedModel model, IEngineSession dead, string reason)
    {
        await Task.Yield();
        await EndAsync(dead).ConfigureAwait(false);
        while (true)
        {
            DateTimeOffset now = time.GetUtcNow();
            while (_restarts.TryPeek(out DateTimeOffset oldest) && now - oldest > RestartWindow)
                _restarts.Dequeue();

            if (_restarts.Count >= MaxRestarts)
            {
                Log.GaveUp(logger, model.Name, MaxRestarts, RestartWindow);
                throw new EngineException($"Model {model.Name} failed {MaxRestarts} times in {RestartWindow.TotalMinutes:0} minutes and is not started again ({reason}); load it again.");
            }

            // 0, 1, 2, 4, 8 seconds.
            TimeSpan delay = TimeSpan.FromSeconds(_restarts.Count == 0 ? 0 : 1 << (_restarts.Count - 1));
            _restarts.Enqueue(now);
            await Task.Delay(delay, time, model.Unloaded).ConfigureAwait(false);
            try
            {
                return await StartAsync(model).ConfigureAwait(false);
            }
            catch (EngineException ex) when (ex is not WorkerStuckException)
            {
                reason = ex.Message;
                NoteFault(model, reason);
                Log.RestartFailed(logger, model.Name, reason);
            }
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
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Model {Model} loaded in {LoadMs} ms (runtime {Runtime}, context length {ContextLength})")]
        internal static partial void Loaded(ILogger logger, string model, long loadMs, string runtime, int contextLength);

        [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Model {Model} unloaded")]
        internal static partial void Unloaded(ILogger logger, string model);

        [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "The worker of model {Model} died: {Reason}")]
        internal static partial void Died(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 4, Level = LogLevel.Error, Message = "Model {Model} could not be loaded again: {Reason}")]
        internal static partial void RestartFailed(ILogger logger, string model, string reason);

        [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "{Text}")]
        internal static partial void ModelfileWarning(ILogger logger, string text);

        [LoggerMessage(EventId = 7, Message = "{Text}")]
        internal static partial void PromptNote(ILogger logger, LogLevel level, string text);

        [LoggerMessage(EventId = 5, Level = LogLevel.Critical, Message = "Model {Model} failed {Times} times in {Window}: giving up until it is loaded again")]
        internal static partial void GaveUp(ILogger logger, string model, int times, TimeSpan window);
    }
}

/// <summary>No model is loaded.</summary>
internal sealed class NoModelException() : Exception("No models are currently loaded.");

/// <summary>A model is loaded or loading already.</summary>
internal sealed class ModelOccupiedException() : Exception("A model is already loaded. Please unload it first.");
