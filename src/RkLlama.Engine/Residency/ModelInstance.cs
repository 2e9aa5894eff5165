using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Residency;

/// <summary>
/// A model with its Modelfile, its tokenizer and chat template, and its state. Tokenizer and template stay loaded while the instance exists. A worker exists
/// only while the model is resident. Thread-safe.
/// </summary>
#pragma warning disable CA1001 // the CancellationTokenSource has no timer and no handle, and requests may use its token after the model was unloaded
internal sealed class ModelInstance
#pragma warning restore CA1001
{
    internal const int DefaultContextLength = 4096;
    internal const int DefaultMaxNewTokens = 2048;

    private readonly CancellationTokenSource _unloaded = new();
    private readonly Action<ModelInstance, ModelState> _changed;
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private ModelState _state;
    private LoadedModelInfo? _facts;
    private int? _processId;
    private string? _failure;

    // UTC ticks; DateTimeOffset.MaxValue or later for never. Read and written with Volatile.
    private long _expires = long.MaxValue;

    /// <param name="prompts">The chat template and the tokenizer, which load in the background.</param>
    /// <param name="changed">Called after each transition with the previous state, on the thread that caused the transition and outside the lock.</param>
    internal ModelInstance(ModelEntry entry, Task<PromptBuilder> prompts, Action<ModelInstance, ModelState> changed)
    {
        Entry = entry;
        Prompts = prompts;
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

    internal string Name => Entry.Name;

    internal ModelEntry Entry { get; }

    /// <summary>The parameters with which the worker loads the model.</summary>
    internal ModelLoadParameters Engine { get; }

    /// <summary>The chat template and the tokenizer. If the Modelfile's template cannot be used, this task and the load of the model fail.</summary>
    internal Task<PromptBuilder> Prompts { get; }

    internal ModelState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    /// <summary>Properties of the loaded model and of its runtime; <see langword="null"/> if no worker has loaded it.</summary>
    internal LoadedModelInfo? Facts
    {
        get
        {
            lock (_lock)
                return _facts;
        }
    }

    /// <summary>The process id of the worker; <see langword="null"/> if the model is not loaded or the engine has no worker process.</summary>
    internal int? ProcessId
    {
        get
        {
            lock (_lock)
                return _processId;
        }
    }

    /// <summary>The reason if the state is <see cref="ModelState.Failed"/> or <see cref="ModelState.Stuck"/>; else <see langword="null"/>.</summary>
    internal string? Failure
    {
        get
        {
            lock (_lock)
                return _failure;
        }
    }

    /// <summary>The effective context length in tokens. Before the load, the value of the Modelfile, which the runtime may lower.</summary>
    internal int ContextLength => Facts?.MaxContextLength ?? Engine.MaxContextLength;

    /// <summary>The effective maximum number of tokens of one generation. Before the load, the value of the Modelfile, which the runtime may lower.</summary>
    internal int MaxNewTokens => Facts?.MaxNewTokens ?? Engine.MaxNewTokens;

    /// <summary>Whether the first load has succeeded and the model was not unloaded after it. Valid for a resident model only.</summary>
    internal bool IsLoaded => State is ModelState.Ready or ModelState.Running or ModelState.Restarting or ModelState.Failed or ModelState.Stuck;

    /// <summary>Whether the operator loaded the model. Then it has no idle timer.</summary>
    internal bool IsPinned { get; set; }

    /// <summary>When the idle timer unloads the model; <see cref="DateTimeOffset.MaxValue"/> for never.</summary>
    internal DateTimeOffset Expires
    {
        get => Volatile.Read(ref _expires) is var ticks && ticks < DateTimeOffset.MaxValue.Ticks ? new(ticks, TimeSpan.Zero) : DateTimeOffset.MaxValue;
        set => Volatile.Write(ref _expires, value.UtcTicks);
    }

    /// <summary>Cancelled when the operator unloads the model. Then requests that wait for the model fail. Unloading is final for this instance.</summary>
    internal CancellationToken Unloaded => _unloaded.Token;

    /// <summary>Cancels <see cref="Unloaded"/> at once. Completes when all registered callbacks have run.</summary>
    internal Task MarkUnloadedAsync() => _unloaded.CancelAsync();

    /// <summary>Moves to <see cref="ModelState.Ready"/>, because a worker has loaded the model.</summary>
    /// <returns><see langword="false"/> if the current state does not allow this. Then nothing has changed.</returns>
    internal bool TryBecomeReady(LoadedModelInfo facts, int? processId) => TryMove(ModelState.Ready, facts, processId, null);

    /// <summary>Moves to a state if the current state allows this transition.</summary>
    /// <param name="failure">The reason, for <see cref="ModelState.Failed"/> and <see cref="ModelState.Stuck"/>.</param>
    /// <returns><see langword="false"/> if the current state does not allow this. Then nothing has changed.</returns>
    internal bool TryMove(ModelState to, string? failure = null) => TryMove(to, null, null, failure);

    /// <summary>A run has ended. Changes nothing if the worker died during the run: then the supervisor decides.</summary>
    internal void EndRun() => TryMove(ModelState.Ready, null, null, null, only: ModelState.Running);

    /// <param name="only">The state that the model must have; <see langword="null"/> for any that allows the transition.</param>
    private bool TryMove(ModelState to, LoadedModelInfo? facts, int? processId, string? failure, ModelState? only = null)
    {
        ModelState from;
        lock (_lock)
        {
            if (!IsAllowed(_state, to) || (only is { } required && _state != required))
                return false;
            (from, _state, _failure) = (_state, to, failure);

            // The start and the end of a run do not change the worker.
            if ((from, to) is not ((ModelState.Ready, ModelState.Running) or (ModelState.Running, ModelState.Ready)))
                (_facts, _processId) = (facts, processId);
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
        (ModelState.Failed, ModelState.Unloading) => true,
        (ModelState.Unloading, ModelState.NotLoaded or ModelState.Stuck) => true,

        // The stuck worker has exited.
        (ModelState.Stuck, ModelState.NotLoaded or ModelState.Failed) => true,
        _ => false,
    };

    private static SamplingParameters SamplingOf(Modelfile file) => new(
        file.TopK,
        (float?)file.TopP,
        (float?)file.Temperature,
        (float?)file.RepeatPenalty,
        (float?)file.FrequencyPenalty,
        (float?)file.PresencePenalty,
        file.Mirostat,
        (float?)file.MirostatTau,
        (float?)file.MirostatEta);
}
