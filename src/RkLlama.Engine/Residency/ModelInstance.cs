using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Residency;

/// <summary>
/// One model that requests can name: its Modelfile, its prompts, and its state. The prompts stay loaded while the node knows the instance; a worker exists
/// only while the model is resident. Any thread.
/// </summary>
#pragma warning disable CA1001 // the source has no timer and no handle, and requests may read its token after the model was unloaded
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
    private EngineFacts? _facts;
    private int? _processId;
    private string? _failure;

    // UTC ticks, or long.MaxValue for never; any thread.
    private long _expires = long.MaxValue;

    /// <param name="prompts">Its chat template and tokenizer, which load in the background.</param>
    /// <param name="changed">Told of each transition with the state before it, on the thread that caused it and outside the lock.</param>
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

    /// <summary>What the worker is asked to load.</summary>
    internal EngineModel Engine { get; }

    /// <summary>Fails, and the load with it, if the Modelfile's template cannot be used.</summary>
    internal Task<PromptBuilder> Prompts { get; }

    internal ModelState State
    {
        get
        {
            lock (_lock)
                return _state;
        }
    }

    /// <summary>Facts about the model and its runtime, while a worker has it; else <see langword="null"/>.</summary>
    internal EngineFacts? Facts
    {
        get
        {
            lock (_lock)
                return _facts;
        }
    }

    /// <summary>The process id of its worker, while it has one of its own.</summary>
    internal int? ProcessId
    {
        get
        {
            lock (_lock)
                return _processId;
        }
    }

    /// <summary>Why it is <see cref="ModelState.Failed"/> or <see cref="ModelState.Stuck"/>.</summary>
    internal string? Failure
    {
        get
        {
            lock (_lock)
                return _failure;
        }
    }

    /// <summary>Context length in force, in tokens. Before the load the Modelfile's, which the runtime may still lower.</summary>
    internal int ContextLength => Facts?.MaxContextLength ?? Engine.MaxContextLength;

    /// <summary>Bound of one answer in force, in tokens. Before the load the Modelfile's, which the runtime may still lower.</summary>
    internal int MaxNewTokens => Facts?.MaxNewTokens ?? Engine.MaxNewTokens;

    /// <summary>Whether its first load succeeded and it was not unloaded since. A resident model only.</summary>
    internal bool IsLoaded => State is ModelState.Ready or ModelState.Running or ModelState.Restarting or ModelState.Failed or ModelState.Stuck;

    /// <summary>Whether the operator loaded it: it has no idle timer then.</summary>
    internal bool IsPinned { get; set; }

    /// <summary>When the idle timer unloads it; <see cref="DateTimeOffset.MaxValue"/> for never.</summary>
    internal DateTimeOffset Expires
    {
        get => Volatile.Read(ref _expires) is var ticks && ticks < DateTimeOffset.MaxValue.Ticks ? new(ticks, TimeSpan.Zero) : DateTimeOffset.MaxValue;
        set => Volatile.Write(ref _expires, value.UtcTicks);
    }

    /// <summary>Cancelled when the operator unloads the model. Requests that wait for it fail then. Final for this instance.</summary>
    internal CancellationToken Unloaded => _unloaded.Token;

    /// <summary>Takes effect at once; completes when all registrations have run.</summary>
    internal Task MarkUnloadedAsync() => _unloaded.CancelAsync();

    /// <summary>A worker has loaded the model.</summary>
    internal bool TryBecomeReady(EngineFacts facts, int? processId) => TryMove(ModelState.Ready, facts, processId, null);

    /// <summary>Moves to a state, if the model's present state allows it.</summary>
    /// <param name="failure">Why, for <see cref="ModelState.Failed"/> and <see cref="ModelState.Stuck"/>.</param>
    /// <returns><see langword="false"/> if another transition came first: nothing has changed.</returns>
    internal bool TryMove(ModelState to, string? failure = null) => TryMove(to, null, null, failure);

    /// <summary>A run has ended. Changes nothing if the worker died during the run: then the supervisor decides.</summary>
    internal void EndRun() => TryMove(ModelState.Ready, null, null, null, only: ModelState.Running);

    /// <param name="only">The state that the model must have; <see langword="null"/> for any that allows the transition.</param>
    private bool TryMove(ModelState to, EngineFacts? facts, int? processId, string? failure, ModelState? only = null)
    {
        ModelState from;
        lock (_lock)
        {
            if (!IsAllowed(_state, to) || (only is { } required && _state != required))
                return false;
            (from, _state, _failure) = (_state, to, failure);

            // A run begins and ends on the worker that is there.
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

        // The driver has let the worker go after all.
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
