using RkLlama.Engine.Configuration;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The queue of requests for the NPU. It has one slot, so one request runs at a time, also if several models are resident. <see cref="RunOrder"/> decides which
/// request is next. The number of waiting requests and their wait time are limited. A slot is released when the run ends, not when the response ends, so a slow
/// client does not delay other requests. Thread-safe.
/// </summary>
/// <param name="capacity">Maximum number of waiting requests. At most half of them, and at least one, can be background requests.</param>
/// <param name="maxWait">Maximum wait time of a request.</param>
/// <param name="followUp">
/// How long the slot is held after a run for a request that continues the KV cache of the run, if all waiting requests would replace this cache. See <see cref="RunOrder"/>.
/// </param>
/// <param name="metrics">Records wait times and rejections; null to record nothing.</param>
#pragma warning disable CA1001 // the holder disposes the slot, and the timer ends by itself
internal sealed class RunQueue(int capacity, TimeSpan maxWait, TimeSpan followUp, RunOrder order, TimeProvider time, NodeMetrics? metrics = null)
#pragma warning restore CA1001
{
    private readonly Lock _lock = new();
    private readonly LinkedList<QueueEntry> _waiting = new();

    private readonly SlotPace _pace = new(time);

    // Guarded by _lock, as are _waiting and _pace. _slot is null while the slot is held.
    private bool _isBusy;
    private QueueSlot? _slot;
    private bool _isClosed;

    // Guarded by _lock. Ends the time for which the slot is held; null if it is not held.
    private ITimer? _hold;

    // Guarded by _lock. Completes when the slot becomes free; null if no caller waits for that.
    private TaskCompletionSource? _idle;

    /// <summary>Creates the queue of a node with its settings.</summary>
    internal static RunQueue Of(NodeOptions options, IKvCaches caches, TimeProvider time, NodeMetrics metrics) =>
        new(options.QueueLength, options.MaxQueueWait, options.FollowUp, new(caches, options.SwitchTime, options.Fairness, time), time, metrics);

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

    /// <summary>Whether a request has the slot, or it is held.</summary>
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

    /// <summary>Estimated time until a new request gets the slot, in whole seconds, 1 to 60.</summary>
    internal int RetryAfterSeconds
    {
        get
        {
            lock (_lock)
                return _pace.Estimate(_isBusy, _waiting.Count);
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
            if (_hold is not null)
                PassOn(isHoldAllowed: false);
        }

        foreach (QueueEntry entry in waiting)
            Reject(entry, new DrainingException(), RejectionCause.Draining);
    }

    /// <summary>Takes the slot without waiting. Returns <see langword="null"/> if another request has the slot or the queue is closed.</summary>
    /// <param name="model">The model that the holder uses; <see langword="null"/> for none.</param>
    internal QueueSlot? TryEnter(string? model = null)
    {
        lock (_lock)
            return _isBusy || _isClosed ? null : NewSlot(model, isForeground: true);
    }

    /// <inheritdoc cref="EnterAsync(QueuedRequest, CancellationToken)"/>
    /// <param name="model">The model that the request needs.</param>
    internal Task<QueueSlot> EnterAsync(string model, CancellationToken cancellationToken) => EnterAsync(new QueuedRequest(model), cancellationToken);

    /// <summary>Waits for the slot. If the wait is cancelled, the request leaves the queue at once.</summary>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    internal async Task<QueueSlot> EnterAsync(QueuedRequest request, CancellationToken cancellationToken)
    {
        long arrival = time.GetTimestamp();
        if (Join(request, arrival, out LinkedListNode<QueueEntry>? entry) is { } free)
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
    /// <param name="isHoldAllowed">Whether the slot may be held for the request that continues this one.</param>
    internal void Release(bool isHoldAllowed)
    {
        lock (_lock)
        {
            _pace.End();
            PassOn(isHoldAllowed);
        }
    }

    /// <summary>Gives the slot to the next waiting request, holds it, or makes it free. The caller holds the lock.</summary>
    private void PassOn(bool isHoldAllowed)
    {
        EndHold();
        LinkedListNode<QueueEntry>? next = order.Next(_waiting);
        if (next is not null && isHoldAllowed && followUp > TimeSpan.Zero && order.NextBeside(next) is var other && other != next)
        {
            if (other is null)
            {
                Hold();
                return;
            }

            next = other;
        }

        if (next is not null)
        {
            Grant(next);
            return;
        }

        (_isBusy, _slot) = (false, null);
        _idle?.TrySetResult();
        _idle = null;
    }

    /// <summary>Holds the slot for a request that continues the last one. The caller holds the lock.</summary>
    private void Hold()
    {
        ITimer? hold = null;
        hold = time.CreateTimer(
            _ =>
            {
                lock (_lock)
                {
                    if (_hold is not null && _hold == hold)
                        PassOn(isHoldAllowed: false);
                }
            },
            null,
            followUp,
            Timeout.InfiniteTimeSpan);
        (_slot, _hold) = (null, hold);
    }

    private void EndHold()
    {
        _hold?.Dispose();
        _hold = null;
    }

    /// <summary>Gives the slot to a waiting request. The caller holds the lock.</summary>
    private void Grant(LinkedListNode<QueueEntry> entry)
    {
        RunOrder.Take(entry);
        entry.Value.Slot.SetResult(NewSlot(entry.Value.Model, order.IsForeground(entry.Value)));
    }

    /// <summary>Takes the slot if it is free; otherwise adds an entry at the end of the queue.</summary>
    /// <returns>The slot; null if the request must wait. Then <paramref name="entry"/> is its entry in the queue.</returns>
    private QueueSlot? Join(QueuedRequest request, long arrival, out LinkedListNode<QueueEntry>? entry)
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
                return NewSlot(request.Model, !request.IsBackground);
            QueueEntry joining = new(request, arrival);
            if (_hold is not null && order.EndsHold(joining))
            {
                EndHold();
                return NewSlot(request.Model, isForeground: true);
            }

            if (!request.IsRetry && (_waiting.Count >= capacity || (request.IsBackground && IsBackgroundFull())))
            {
                metrics?.RecordRejection(RejectionCause.QueueFull);
                throw new QueueFullException("The server is busy: too many requests are waiting.", RetryAfterSeconds);
            }

            entry = _waiting.AddLast(joining);
            if (!request.IsBackground)
                _slot?.SignalWanted();
            return null;
        }
    }

    private bool IsBackgroundFull() => _waiting.Count(static entry => entry.Request.IsBackground) >= Math.Max(1, capacity / 2);

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

    /// <summary>Takes the slot for a request. The caller holds the lock.</summary>
    private QueueSlot NewSlot(string? model, bool isForeground)
    {
        _isBusy = true;
        _pace.Start();
        if (model is not null)
            order.RecordSlot(model);
        return _slot = new(this, isBackground: !isForeground);
    }
}
