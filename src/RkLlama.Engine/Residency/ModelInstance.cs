using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Output.Decoding;
using RkLlama.Prompts;

namespace RkLlama.Engine.Residency;

/// <summary>
/// A model with its Modelfile, its tokenizer, its chat template and its state. Often it is not loaded: it has a worker only while it is resident in
/// <see cref="ModelHost"/>. The tokenizer and the chat template are loaded once per instance. Thread-safe.
/// </summary>
#pragma warning disable CA1001 // the CancellationTokenSource has no timer and no handle, and requests may use its token after the model was unloaded
internal sealed class ModelInstance
#pragma warning restore CA1001
{
    internal const int DefaultContextLength = 4096;
    internal const int DefaultMaxNewTokens = 2048;

    private readonly CancellationTokenSource _unloaded;
    private readonly Action<ModelInstance, ModelState> _changed;
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private ModelState _state;
    private LoadedModelInfo? _facts;
    private int? _processId;
    private string? _failure;

    private IdleTimer? _idleTimer;
    private volatile KvCacheContents? _kvCache;
    private volatile MemoryDemand? _lastDemand;
    private long _lastRun;
    private long _loadTicks;
    private string? _promptIdentity;

    // Read and written with Volatile.
    private bool _isRemoved;

    /// <param name="loadPrompts">
    /// Starts to load the chat template and the tokenizer in the background. Its token is cancelled when the model is unloaded.
    /// </param>
    /// <param name="changed">
    /// Called after each change of the state, with the previous state. The thread that changed the state calls it, without the lock of this instance.
    /// </param>
    internal ModelInstance(ModelEntry entry, Func<CancellationToken, Task<PromptBuilder>> loadPrompts, Action<ModelInstance, ModelState> changed)
    {
        Entry = entry;
        First = this;
        _unloaded = new();
        Prompts = loadPrompts(_unloaded.Token);
        _changed = changed;
        int contextLength = entry.Modelfile.NumCtx ?? DefaultContextLength;
        Engine = new(
            entry.Name,
            entry.ModelPath,
            contextLength,
            Math.Min(entry.Modelfile.MaxNewTokens ?? DefaultMaxNewTokens, contextLength),
            SamplingOf(entry.Modelfile))
        {
            ReusesKvCache = entry.Modelfile.ReuseKvCache ?? true,
            KeepsChatTemplate = entry.Modelfile.TemplateMode == TemplateMode.Runtime,
        };
    }

    /// <summary>Creates an additional KV slot: an instance with its own state, which shares everything else.</summary>
    private ModelInstance(ModelInstance first, int slot)
    {
        (Entry, First, Slot, _unloaded, Prompts, _changed, Engine) = (first.Entry, first, slot, first._unloaded, first.Prompts, first._changed, first.Engine);
        (Referee, Pace) = (first.Referee, first.Pace);
    }

    internal string Name => Entry.Name;

    /// <summary>The instance that stands for the model: this one, or the one of which this is an additional KV slot.</summary>
    internal ModelInstance First { get; }

    /// <summary>0, or the number of this additional KV slot.</summary>
    internal int Slot { get; }

    internal ModelEntry Entry { get; }

    internal ModelRole Role => ModelRoles.Of(Name, Entry.Modelfile);

    /// <summary>The parameters for the worker that loads the model.</summary>
    internal ModelLoadParameters Engine { get; }

    /// <summary>
    /// The chat template and the tokenizer, which load in the background. If the template of the Modelfile cannot be used, this task fails, and the load of the
    /// model fails too.
    /// </summary>
    internal Task<PromptBuilder> Prompts { get; }

    /// <summary>
    /// Identifies what the beginning of the model's prompts depends on. <see langword="null"/> if prefixes are not saved for this model, or its tokenizer is not
    /// loaded yet.
    /// </summary>
    internal string? PromptIdentity => Prompts.IsCompletedSuccessfully && Role == ModelRole.Chat && Engine.ReusesKvCache
        ? _promptIdentity ??= PromptIdentities.Of(Entry, Prompts.Result)
        : null;

    /// <summary>Whether the token ids of the model are those of its tokenizer.</summary>
    internal TokenReferee Referee { get; } = new();

    internal ModelState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    /// <summary>
    /// Properties of the loaded model and of its runtime; <see langword="null"/> while no worker has loaded the model, also during a restart.
    /// </summary>
    internal LoadedModelInfo? Facts
    {
        get
        {
            lock (_lock)
                return _facts;
        }
    }

    /// <summary>The process id of the worker; <see langword="null"/> while no worker has loaded the model, or if the engine has no worker process.</summary>
    internal int? ProcessId
    {
        get
        {
            lock (_lock)
                return _processId;
        }
    }

    /// <summary>
    /// Why the state is <see cref="ModelState.Failed"/> or <see cref="ModelState.Stuck"/>; else <see langword="null"/>. After a stuck worker has exited, the
    /// reason remains until the next change of the state.
    /// </summary>
    internal string? Failure
    {
        get
        {
            lock (_lock)
                return _failure;
        }
    }

    /// <summary>
    /// Context length in tokens. While the model is loaded, the value that the runtime accepted. Otherwise the value of the Modelfile or the default.
    /// </summary>
    internal int ContextLength => Facts?.MaxContextLength ?? Engine.MaxContextLength;

    /// <summary>
    /// Maximum number of tokens of one generation. While the model is loaded, the value with which it was loaded. Otherwise the value of the Modelfile or the
    /// default.
    /// </summary>
    internal int MaxNewTokens => Facts?.MaxNewTokens ?? Engine.MaxNewTokens;

    /// <summary>Whether the first load has succeeded. Valid only while the model is resident.</summary>
    internal bool IsLoaded => State is ModelState.Ready or ModelState.Running or ModelState.Restarting or ModelState.Failed or ModelState.Stuck;

    /// <summary>
    /// Whether the model is pinned: the operator loaded it, so it has no idle timer, and is evicted last. If it was evicted for a request, it stays pinned only if
    /// it was preloaded.
    /// </summary>
    internal bool IsPinned { get; set; }

    /// <summary>Whether the model was deleted or renamed, so that no new request may use this instance. Never reset.</summary>
    internal bool IsRemoved
    {
        get => Volatile.Read(ref _isRemoved);
        set => Volatile.Write(ref _isRemoved, value);
    }

    /// <summary>The idle timer of the model; <see langword="null"/> if it stays loaded without a limit.</summary>
    internal IdleTimer? IdleTimer
    {
        get => Volatile.Read(ref _idleTimer);
        set => Volatile.Write(ref _idleTimer, value);
    }

    /// <summary>
    /// The contents of the KV cache of the worker; <see langword="null"/> if it is empty or its contents are not known. Set after the load, and when a lease of the
    /// model ends.
    /// </summary>
    internal KvCacheContents? KvCache
    {
        get => _kvCache;
        set => _kvCache = value;
    }

    /// <summary>Number of the last run of the worker among all runs of the node; 0 before its first run.</summary>
    internal long LastRun
    {
        get => Volatile.Read(ref _lastRun);
        set => Volatile.Write(ref _lastRun, value);
    }

    /// <summary>The last result of <see cref="MemoryLedger.Measure"/>; <see langword="null"/> before the first one.</summary>
    internal MemoryDemand? LastDemand
    {
        get => _lastDemand;
        set => _lastDemand = value;
    }

    /// <summary>How long the last load of the model took; <see langword="null"/> before the first one.</summary>
    internal TimeSpan? LoadTime
    {
        get => Volatile.Read(ref _loadTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;
        set => Volatile.Write(ref _loadTicks, value?.Ticks ?? 0);
    }

    /// <summary>How fast the model was in its last runs.</summary>
    internal ModelPace Pace { get; } = new();

    /// <summary>
    /// Cancelled when the operator unloads the model or the server stops. Then the active run is aborted and requests that wait for the model fail. Unloading
    /// is final for this instance. Not cancelled if the idle timer or a request for another model ends the worker.
    /// </summary>
    internal CancellationToken Unloaded => _unloaded.Token;

    /// <summary>
    /// Cancels <see cref="Unloaded"/>. The token is cancelled when this method returns. The task completes when all callbacks of the token have run.
    /// </summary>
    internal Task MarkUnloadedAsync() => _unloaded.CancelAsync();

    /// <summary>Creates an additional KV slot of this model, which is not loaded.</summary>
    internal ModelInstance NewSlot(int slot) => new(this, slot);

    /// <summary>Changes the state to <see cref="ModelState.Ready"/>, because a worker has loaded the model.</summary>
    /// <param name="cache">The contents of the worker's KV cache; <see langword="null"/> if it is empty.</param>
    /// <returns><see langword="false"/> if the current state does not allow this. Then nothing has changed.</returns>
    internal bool TryBecomeReady(LoadedModelInfo facts, int? processId, KvCacheContents? cache = null) => TryMove(ModelState.Ready, facts, processId, null, cache: cache);

    /// <summary>Changes the state if the current state allows this transition.</summary>
    /// <param name="failure">
    /// Why the new state is <see cref="ModelState.Failed"/> or <see cref="ModelState.Stuck"/>; <see langword="null"/> for other states.
    /// </param>
    /// <returns><see langword="false"/> if the current state does not allow this. Then nothing has changed.</returns>
    internal bool TryMove(ModelState to, string? failure = null) => TryMove(to, null, null, failure);

    /// <summary>
    /// Changes the state from Running to Ready, because a run has ended. Does nothing in another state: if the worker died during the run, the supervisor has
    /// changed the state.
    /// </summary>
    internal void EndRun() => TryMove(ModelState.Ready, null, null, null, only: ModelState.Running);

    /// <param name="only">The only current state in which the change is made; <see langword="null"/> for every state that allows the transition.</param>
    private bool TryMove(ModelState to, LoadedModelInfo? facts, int? processId, string? failure, ModelState? only = null, KvCacheContents? cache = null)
    {
        ModelState from;
        lock (_lock)
        {
            if (!IsAllowed(_state, to) || (only is { } required && _state != required))
                return false;
            (from, _state, _failure) = (_state, to, failure);

            // The start and the end of a run do not change the worker, so its facts and its process id stay.
            if ((from, to) is not ((ModelState.Ready, ModelState.Running) or (ModelState.Running, ModelState.Ready)))
                (_facts, _processId, _kvCache) = (facts, processId, cache);
        }

        _changed(this, from);
        return true;
    }

    private static bool IsAllowed(ModelState from, ModelState to) => (from, to) switch
    {
        (ModelState.NotLoaded, ModelState.Loading) => true,
        (ModelState.Loading, ModelState.Ready or ModelState.NotLoaded or ModelState.Unloading or ModelState.Stuck) => true,
        (ModelState.Ready, ModelState.Running or ModelState.Restarting or ModelState.Unloading) => true,
        (ModelState.Running, ModelState.Ready or ModelState.Restarting or ModelState.Unloading) => true,
        (ModelState.Restarting, ModelState.Ready or ModelState.Failed or ModelState.Unloading or ModelState.Stuck) => true,
        (ModelState.Failed, ModelState.Restarting or ModelState.Unloading) => true,
        (ModelState.Unloading, ModelState.NotLoaded or ModelState.Stuck) => true,

        // The stuck worker has exited.
        (ModelState.Stuck, ModelState.NotLoaded or ModelState.Failed) => true,
        _ => false,
    };

    private static SamplingParameters SamplingOf(Modelfile file) => new(
        file.TopK < 0 ? SamplingParameters.AllTokens : file.TopK,
        (float?)file.TopP,
        (float?)file.Temperature,
        (float?)file.RepeatPenalty,
        (float?)file.FrequencyPenalty,
        (float?)file.PresencePenalty,
        file.Mirostat,
        (float?)file.MirostatTau,
        (float?)file.MirostatEta);
}
