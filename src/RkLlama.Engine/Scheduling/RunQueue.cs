using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The queue of requests for the NPU. It has one slot, so one request runs at a time, also if several models are resident. The resident models take turns, and
/// the requests for one model are first in, first out. Loading a model takes seconds and may evict another one, so requests for resident models go first until
/// the residency time since the last load is over. The number of waiting requests and their wait time are limited. A slot is released when the run ends, not when
/// the response ends, so a slow client does not delay other requests. Thread-safe.
/// </summary>
/// <param name="capacity">Maximum number of waiting requests.</param>
/// <param name="maxWait">Maximum wait time of a request.</param>
/// <param name="residency">
/// Residency time: how long requests for resident models go before requests for other models, measured from the last slot for a model that had to be loaded.
/// </param>
/// <param name="isResident">Returns whether a model is resident, so that its requests need no load. Called under the lock of the queue, so it must return at once.</param>
/// <param name="metrics">Records wait times and rejections; null to record nothing.</param>
internal sealed class RunQueue(int capacity, TimeSpan maxWait, TimeSpan residency, Func<string, bool> isResident, TimeProvider time, NodeMetrics? metrics = null)
{
    // More than the number of resident models.
    private const int MaxTurns = 16;
    private readonly Lock _lock = new();
    private readonly LinkedList<QueueEntry> _waiting = new();

    // Guarded by _lock, as is _waiting. _slotStart is the time of the last slot, _loadStart that of the last slot for a model that was not resident.
    private bool _isBusy;
    private bool _isClosed;
    private long _loadStart;
    private long _slotStart;

    // Guarded by _lock. The models that had a slot, the least recently used first. At most MaxTurns.
    private readonly List<string> _turns = [];

    // Guarded by _lock. Completes when the slot becomes free; null if no caller waits for that.
    private TaskCompletionSource? _idle;

    // Guarded by _lock. Moving average (exponential) of the time that a request holds the slot, in seconds; 0 before the first release.
    private double _averageSlot;

    /// <summary>Maximum number of waiting requests.</summary>
    internal int Capacity => capacity;

    /// <summary>Number of requests that wait for the slot, without the one that has it.</summary>
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

    /// <summary>Whether the next request would be rejected because the queue is full. A retry would still be accepted.</summary>
    internal bool IsFull
    {
        get
        {
            lock (_lock)
                return _isBusy && _waiting.Count >= capacity;
        }
    }

    /// <summary>Whether the queue is closed because the server is shutting down. Then no request gets a slot.</summary>
    internal bool IsClosed
    {
        get
        {
            lock (_lock)
                return _isClosed;
        }
    }

    /// <summary>Estimated time until a new request gets the slot, in whole seconds. At least 1, and at most 60, because clients do not wait longer.</summary>
    internal int RetryAfterSeconds
    {
        get
        {
            lock (_lock)
            {
                // If the current request has held the slot for longer than the average, its time is the better estimate.
                double held = _isBusy ? time.GetElapsedTime(_slotStart).TotalSeconds : 0;
                double slot = Math.Max(_averageSlot, held);
                return (int)Math.Clamp(Math.Ceiling((slot * (_waiting.Count + 1)) - held), 1, 60);
            }
        }
    }

    /// <summary>Waits until no request has the slot and no request waits for it.</summary>
    /// <param name="forceStop">Cancels the wait.</param>
    /// <returns><see langword="false"/> if the timeout expired or <paramref name="forceStop"/> was cancelled.</returns>
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

    /// <summary>Closes the queue: all waiting and future requests fail with <see cref="DrainingException"/>. The active run continues.</summary>
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

    /// <summary>Takes the slot without waiting. Returns <see langword="null"/> if another request has the slot or the queue is closed.</summary>
    internal QueueSlot? TryEnter(string model)
    {
        lock (_lock)
            return _isBusy || _isClosed ? null : NewSlot(model);
    }

    /// <summary>Waits for the slot. If the wait is cancelled, the request leaves the queue at once.</summary>
    /// <param name="model">The model that the request needs.</param>
    /// <param name="isRetry">Whether the request replaces another one that is queued or running. Such a request is accepted even if the queue is full.</param>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
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

    /// <summary>Gives the slot to the next waiting request, or makes it free if no request waits. Each <see cref="QueueSlot"/> calls this once.</summary>
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

    /// <summary>Takes the slot if it is free; otherwise adds an entry at the end of the queue.</summary>
    /// <returns>The slot; null if the request must wait. Then <paramref name="entry"/> is its entry in the queue.</returns>
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
            // The entry has already left the queue: it has the slot and releases it as usual, or it was rejected.
            if (entry.List is null)
                return;
            _waiting.Remove(entry);
        }

        if (reason is OperationCanceledException { CancellationToken: var token })
            entry.Value.Slot.TrySetCanceled(token);
        else
            Reject(entry.Value, reason, RejectionCause.QueueTimeout);
    }

    /// <summary>
    /// Takes the slot for a request and records the time. If the request's model must be loaded, the residency time begins. The caller holds the lock.
    /// </summary>
    private QueueSlot NewSlot(string model)
    {
        _isBusy = true;
        _slotStart = time.GetTimestamp();
        if (!isResident(model))
            _loadStart = _slotStart;
        _turns.Remove(model);
        if (_turns.Count == MaxTurns)
            _turns.RemoveAt(0);
        _turns.Add(model);
        return new(this);
    }

    /// <summary>
    /// Returns the entry that gets the slot next; null if no request waits. If the first entry needs a load and the residency time is over, it is this entry.
    /// Otherwise it is the first entry of the resident model whose last turn is the longest time ago, or the first entry if no request is for a resident model. The
    /// caller holds the lock.
    /// </summary>
    private LinkedListNode<QueueEntry>? Next()
    {
        if (_waiting.First is not { } first)
            return null;
        if (time.GetElapsedTime(_loadStart) >= residency && !isResident(first.Value.Model))
            return first;

        LinkedListNode<QueueEntry>? next = null;
        int nextTurn = int.MaxValue;
        for (LinkedListNode<QueueEntry>? entry = first; entry is not null && nextTurn >= 0; entry = entry.Next)
        {
            int turn = _turns.IndexOf(entry.Value.Model);
            if (turn < nextTurn && isResident(entry.Value.Model))
                (next, nextTurn) = (entry, turn);
        }

        return next ?? first;
    }

    /// <summary>A waiting request.</summary>
    private sealed class QueueEntry(string model)
    {
        public string Model => model;

        public TaskCompletionSource<QueueSlot> Slot { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
