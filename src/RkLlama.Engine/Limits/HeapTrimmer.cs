namespace RkLlama.Engine.Limits;

/// <summary>
/// Returns unused memory of the heap to the system after large requests; this is called a trim. By default the garbage collector keeps such memory for later
/// allocations, but on a node the model needs the memory. Thread-safe.
/// </summary>
internal sealed class HeapTrimmer(TimeProvider time) : IDisposable
{
    // Minimum number of bytes that were allocated since the last trim. A trim takes tens of milliseconds, so a few small requests must not cause one.
    private const long MinAllocated = 12 << 20;

    // The time between the end of a request and the trim. Other large requests often end in this time.
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    // The minimum time between two trims.
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();

    // Guarded by _lock. The timer of the next trim; null if there is none.
    private ITimer? _timer;
    private bool _isDisposed;

    private long? _lastTrim;
    private long _allocatedAtTrim = GC.GetTotalAllocatedBytes();

    /// <summary>Called when a request has ended. Schedules a trim if much memory was allocated since the last one.</summary>
    internal void WorkEnded()
    {
        if (GC.GetTotalAllocatedBytes() - Volatile.Read(ref _allocatedAtTrim) < MinAllocated)
            return;
        lock (_lock)
        {
            if (_isDisposed || _timer is not null)
                return;
            TimeSpan wait = _lastTrim is { } last ? MinInterval - time.GetElapsedTime(last) : TimeSpan.Zero;
            _timer = time.CreateTimer(static state => ((HeapTrimmer)state!).Trim(), this, wait > Delay ? wait : Delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }
    }

    private void Trim()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
            _lastTrim = time.GetTimestamp();
        }

        Volatile.Write(ref _allocatedAtTrim, GC.GetTotalAllocatedBytes());

        // The first collection lets the array pools release their buffers, the second one frees them.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
