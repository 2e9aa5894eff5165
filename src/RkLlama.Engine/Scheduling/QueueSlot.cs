namespace RkLlama.Engine.Scheduling;

/// <summary>The permission to use the NPU. Disposing it gives the slot to the next waiting request; only the first call has an effect.</summary>
internal sealed class QueueSlot(RunQueue queue) : IDisposable
{
    private int _isReleased;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            queue.Release();
    }
}
