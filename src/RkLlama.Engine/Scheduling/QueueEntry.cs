namespace RkLlama.Engine.Scheduling;

/// <summary>A waiting request. Its members are guarded by the lock of the queue, except <see cref="Slot"/>.</summary>
/// <param name="arrival">When the request arrived, as a timestamp of the queue's time provider.</param>
internal sealed class QueueEntry(QueuedRequest request, long arrival)
{
    internal QueuedRequest Request => request;

    internal string Model => request.Model;

    internal long Arrival => arrival;

    /// <summary>How many later requests for the same model got the slot before this one.</summary>
    internal int Overtaken { get; set; }

    /// <summary>How many requests got the slot before this one because it was held for them.</summary>
    internal int HeldBack { get; set; }

    internal TaskCompletionSource<QueueSlot> Slot { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
