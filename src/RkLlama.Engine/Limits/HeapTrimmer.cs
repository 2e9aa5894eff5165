namespace RkLlama.Engine.Limits;

/// <summary>
/// Returns unused memory of the heap to the system after large requests; this is called a trim. By default the garbage collector keeps such memory for later
/// allocations, but on a node the model needs the memory. Thread-safe.
/// </summary>
/// <param name="spare">Memory that a trim frees, too: it was needed for the large requests, and others may never need it.</param>
internal sealed class HeapTrimmer(SpareMemory spare, TimeProvider time) : IDisposable
{
    // A trim takes 10 ms or more, so it must be worth it: the resident memory of the process must have grown by this many bytes. Reading it is a system call,
    // so it is read only after as many bytes were allocated.
    private const long MinGrowth = 8 << 20;

    // A request with a body of this many bytes is always followed by a trim. If it was active during the last trim, the memory that it held is not part of the
    // growth that the next requests are compared with.
    private const long LargeBody = 1 << 20;

    // The time between the end of a request and the trim. Other large requests often end in this time.
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    // The minimum time between two trims.
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();

    // Guarded by _lock. The timer of the next trim; null if there is none.
    private ITimer? _timer;
    private bool _isDisposed;

    // Guarded by _lock: whether a request has asked for a trim while the timer was already running. Its memory may still be in use when the timer fires, so
    // another trim follows.
    private bool _isAskedAgain;

    // Guarded by _lock: when the last trim started.
    private long? _lastTrim;

    // Used by the timer only: whether the next trim repeats one that left much memory.
    private bool _isSecond;

    private long _residentAtTrim = Environment.WorkingSet;
    private long _allocated = GC.GetTotalAllocatedBytes();

    /// <summary>Called when a request has ended. Schedules a trim if the body was large or the memory of the process has grown since the last trim.</summary>
    /// <param name="bodyBytes">The size of the request's body.</param>
    internal void WorkEnded(long bodyBytes)
    {
        if (bodyBytes < LargeBody && !HasGrown())
            return;
        TimeSpan wait;
        lock (_lock)
            wait = _lastTrim is { } last ? MinInterval - time.GetElapsedTime(last) : TimeSpan.Zero;
        Schedule(wait > Delay ? wait : Delay);
    }

    /// <summary>Called when memory has become free that may have been in use for long, and after the start of the server. Schedules a trim.</summary>
    internal void MemoryFreed() => Schedule(Delay);

    private bool HasGrown()
    {
        long allocated = GC.GetTotalAllocatedBytes();
        if (allocated - Volatile.Read(ref _allocated) < MinGrowth)
            return false;
        if (Environment.WorkingSet - Volatile.Read(ref _residentAtTrim) >= MinGrowth)
            return true;
        Volatile.Write(ref _allocated, allocated);
        return false;
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
        bool isAskedAgain;
        lock (_lock)
        {
            (isAskedAgain, _isAskedAgain) = (_isAskedAgain, false);
            _timer?.Dispose();
            _timer = null;
            _lastTrim = time.GetTimestamp();
        }

        spare.Free();

        // The first collection lets the array pools release their buffers, the second one frees them.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Volatile.Write(ref _allocated, GC.GetTotalAllocatedBytes());
        long resident = Environment.WorkingSet;
        if (resident - _residentAtTrim >= MinGrowth && !_isSecond)
        {
            // A request that was active during this trim may have held much memory. Tries once more.
            _isSecond = true;
            Schedule(Delay);
            return;
        }

        // The memory may have grown permanently, for example because another tokenizer is loaded. An active request may also hold it. So each trim raises the
        // reference size only by a small step.
        _isSecond = false;
        Volatile.Write(ref _residentAtTrim, Math.Min(resident, _residentAtTrim + (MinGrowth / 2)));
        if (isAskedAgain)
            Schedule(MinInterval);
    }

    private void Schedule(TimeSpan delay)
    {
        lock (_lock)
        {
            if (_timer is not null)
                _isAskedAgain = true;
            else if (!_isDisposed)
                _timer = time.CreateTimer(static state => ((HeapTrimmer)state!).Trim(), this, delay, Timeout.InfiniteTimeSpan);
        }
    }
}
