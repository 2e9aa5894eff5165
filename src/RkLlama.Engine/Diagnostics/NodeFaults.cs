using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The last thing that went wrong with a model.</summary>
internal sealed record Fault(DateTimeOffset At, string Model, string Reason);

/// <summary>What operators ask for after something went wrong. Any thread.</summary>
internal sealed class NodeFaults(TimeProvider time)
{
    private volatile Fault? _last;
    private volatile WorkerStuckException? _stuck;

    internal Fault? Last => _last;

    /// <summary>The worker that could not be ended: while it is there, the NPU is not free and no other may start.</summary>
    internal WorkerStuckException? Stuck => _stuck is { IsStillThere: true } stuck ? stuck : null;

    internal void Note(string model, string reason) => _last = new(time.GetUtcNow(), model, reason);

    internal void NoteStuck(WorkerStuckException stuck) => _stuck = stuck;
}
