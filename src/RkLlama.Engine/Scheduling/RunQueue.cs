using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The queue in front of the NPU: one run at a time, first come first served, bounded by count and by age. A slot is returned at the end of the run, not of
/// the request, so a slow client does not delay others. Changing the model costs seconds: while requests for two models wait, one of them keeps the NPU for
/// its residency before the other one gets it. Any thread.
/// </summary>
/// <param name="capacity">How many requests may wait.</param>
/// <param name="maxWait">How long one may wait.</param>
/// <param name="residency">How long a model keeps the NPU while requests for it and for others wait.</param>
/// <param name="metrics">Records waits and rejections.</param>
internal sealed class RunQueue(int capacity, TimeSpan maxWait, TimeSpan residency, TimeProvider time, NodeMetrics? metrics = null)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<QueueEntry> _waiting = new();

    // Guarded by _lock.
    private bool _isBusy;
    private bool _isClosed;
    private string? _model;
    private long _modelStart;
    private long _slotStart;
    private TaskCompletionSource? _idle;

    // Guarded by _lock. A moving average of the time that a slot is held, in seconds; the first slot sets it.
    private double _averageSlot;

    /// <summary>How many requests may wait.</summary>
    internal int Capacity => capacity;

    /// <summary>Requests that wait for a slot, without the one that has it.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Whether a request has the slot.</summary>
    internal bool IsBusy
    {
        get
        {
            lock (_lock)
                return _isBusy;
        }
    }

    /// <summary>Whether the next request would be refused.</summary>
    internal bool IsFull
    {
        get
        {
            lock (_lock)
                return _isBusy && _waiting.Count >= capacity;
        }
    }

    /// <summary>Whether the server stops: no request gets a slot any more.</summary>
    internal bool IsClosed
    {
        get
        {
            lock (_lock)
                return _isClosed;
        }
    }

    /// <summary>Estimated time until a new request gets a slot: whole seconds, 1 to 60, because clients wait no longer.</summary>
    internal int RetryAfterSeconds
    {
        get
        {
            lock (_lock)
            {
                // A slot that is held for longer than usual predicts more than the ones before it.
                double held = _isBusy ? time.GetElapsedTime(_slotStart).TotalSeconds : 0;
                double slot = Math.Max(_averageSlot, held);
                return (int)Math.Clamp(Math.Ceiling((slot * (_waiting.Count + 1)) - held), 1, 60);
            }
        }
    }

    /// <summary>Waits until no request has the slot and none waits.</summary>
    /// <param name="forceStop">Ends the wait early.</param>
    /// <returns><see langword="false"/> after the timeout or the early end.</returns>
    internal async Task<bool> WhenIdleAsync(TimeSpan timeout, CancellationToken forceStop = default)
    {
        Task idle;
        lock (_lock)
        {
            if (!_isBusy)
                return true;
            idle = (_idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        try
        {
            await idle.WaitAsync(timeout, time, forceStop).ConfigureAwait(false);
            return true;
        }
        catch (Exception ex) when (ex is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Fails all waiting and future requests with <see cref="DrainingException"/>. The active run continues.</summary>
    internal void Close()
    {
        QueueEntry[] waiting;
        lock (_lock)
        {
            _isClosed = true;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (QueueEntry entry in waiting)
            Reject(entry, new DrainingException(), RejectionCause.Draining);
    }

    /// <summary>Takes the slot if it is free, without waiting.</summary>
    internal QueueSlot? TryEnter(string model)
    {
        lock (_lock)
            return _isBusy || _isClosed ? null : NewSlot(model);
    }

    /// <summary>Waits for a slot. Cancelling leaves the queue at once.</summary>
    /// <param name="model">The model that the slot is for.</param>
    /// <param name="isRetry">The request replaces one that leaves or has left: there is always room for it.</param>
    /// <exception cref="QueueFullException">The queue is full, or the wait was too long.</exception>
    /// <exception cref="DrainingException">The server stops.</exception>
    internal async Task<QueueSlot> EnterAsync(string model, CancellationToken cancellationToken, bool isRetry = false)
    {
        long arrival = time.GetTimestamp();
        if (Join(model, isRetry, out LinkedListNode<QueueEntry>? entry) is { } free)
        {
            metrics?.RecordQueueWait(TimeSpan.Zero);
            return free;
        }

        using CancellationTokenRegistration left = cancellationToken.Register(() => Leave(entry!, new OperationCanceledException(cancellationToken)));
        using ITimer expiry = time.CreateTimer(
            _ => Leave(entry!, new QueueFullException($"The server is busy: the request waited {maxWait.TotalSeconds:0.#} s for its turn.", RetryAfterSeconds)),
            null,
            maxWait,
            Timeout.InfiniteTimeSpan);
        QueueSlot slot = await entry!.Value.Slot.Task.ConfigureAwait(false);
        metrics?.RecordQueueWait(time.GetElapsedTime(arrival));
        return slot;
    }

    /// <summary>Passes the slot on; called by <see cref="QueueSlot"/> once.</summary>
    internal void Release()
    {
        QueueEntry next;
        QueueSlot slot;
        lock (_lock)
        {
            double seconds = time.GetElapsedTime(_slotStart).TotalSeconds;
            _averageSlot = _averageSlot == 0 ? seconds : (0.8 * _averageSlot) + (0.2 * seconds);
            if (Next() is not { } entry)
            {
                _isBusy = false;
                _idle?.TrySetResult();
                _idle = null;
                return;
            }

            _waiting.Remove(entry);
            next = entry.Value;
            slot = NewSlot(next.Model);
        }

        next.Slot.SetResult(slot);
    }

    /// <summary>Takes the slot if it is free, else the last place in the queue.</summary>
    private QueueSlot? Join(string model, bool isRetry, out LinkedListNode<QueueEntry>? entry)
    {
        lock (_lock)
        {
            entry = null;
            if (_isClosed)
            {
                metrics?.RecordRejection(RejectionCause.Draining);
                throw new DrainingException();
            }

            if (!_isBusy)
                return NewSlot(model);
            if (_waiting.Count >= capacity && !isRetry)
            {
                metrics?.RecordRejection(RejectionCause.QueueFull);
                throw new QueueFullException("The server is busy: too many requests are waiting.", RetryAfterSeconds);
            }

            entry = _waiting.AddLast(new QueueEntry(model));
            return null;
        }
    }

    private void Reject(QueueEntry entry, Exception reason, string cause)
    {
        metrics?.RecordRejection(cause);
        entry.Slot.TrySetException(reason);
    }

    private void Leave(LinkedListNode<QueueEntry> entry, Exception reason)
    {
        lock (_lock)
        {
            // An entry without a list has its slot already, and returns it as usual.
            if (entry.List is null)
                return;
            _waiting.Remove(entry);
        }

        if (reason is OperationCanceledException { CancellationToken: var token })
            entry.Value.Slot.TrySetCanceled(token);
        else
            Reject(entry.Value, reason, RejectionCause.QueueTimeout);
    }

    /// <summary>Under the lock.</summary>
    private QueueSlot NewSlot(string model)
    {
        _isBusy = true;
        _slotStart = time.GetTimestamp();
        if (_model != model)
            (_model, _modelStart) = (model, time.GetTimestamp());
        return new(this);
    }

    /// <summary>Under the lock: the first entry, or the first one for the present model if that has not used up its residency.</summary>
    private LinkedListNode<QueueEntry>? Next()
    {
        if (_waiting.First is not { } first || first.Value.Model == _model || time.GetElapsedTime(_modelStart) >= residency)
            return _waiting.First;
        LinkedListNode<QueueEntry>? same = first;
        while (same is not null && same.Value.Model != _model)
            same = same.Next;
        return same ?? first;
    }

    /// <summary>A waiting request and its model.</summary>
    private sealed class QueueEntry(string model)
    {
        public string Model => model;

        public TaskCompletionSource<QueueSlot> Slot { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>The right to use the NPU. Disposing passes it on; idempotent.</summary>
internal sealed class QueueSlot(RunQueue queue) : IDisposable
{
    private int _isReleased;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            queue.Release();
    }
}

/// <summary>The queue is full, or the request waited too long.</summary>
/// <param name="retryAfterSeconds">When it is worth trying again, 1 to 60.</param>
internal sealed class QueueFullException(string message, int retryAfterSeconds) : Exception(message)
{
    internal int RetryAfterSeconds => retryAfterSeconds;
}

/// <summary>The server stops and takes no more requests.</summary>
internal sealed class DrainingException() : Exception("The server is shutting down; try another node, or again in a moment.")
{
    internal const int RetryAfterSeconds = 5;
}
