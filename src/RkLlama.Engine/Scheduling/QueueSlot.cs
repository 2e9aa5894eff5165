namespace RkLlama.Engine.Scheduling;

/// <summary>The permission to use the NPU. Disposing it gives the slot to the next waiting request; only the first call has an effect.</summary>
/// <param name="arrival">See <see cref="Arrival"/>.</param>
/// <param name="waited">See <see cref="Waited"/>.</param>
#pragma warning disable CA1001 // the CancellationTokenSource has no timer and no handle, and its callbacks may run after the end
internal sealed class QueueSlot(RunQueue queue, bool isBackground, long arrival, TimeSpan waited) : IDisposable
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource? _wanted = isBackground ? new() : null;
    private int _isReleased;

    /// <summary>
    /// Cancelled when another request waits for the slot of a background request. The holder may keep the slot. The slot of other requests has no such token.
    /// </summary>
    internal CancellationToken Wanted => _wanted?.Token ?? CancellationToken.None;

    /// <summary>When the request joined the queue, as a timestamp of the queue's time provider.</summary>
    internal long Arrival => arrival;

    /// <summary>How long the request waited in the queue.</summary>
    internal TimeSpan Waited => waited;

    /// <summary>Cancels <see cref="Wanted"/>. Returns at once: its callbacks run on the thread pool.</summary>
    internal void SignalWanted() => _ = _wanted?.CancelAsync();

    /// <summary>Gives the slot back without a run. The next request gets it at once.</summary>
    internal void Return()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            queue.Return();
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            queue.Release(isHoldAllowed: !isBackground);
    }
}
