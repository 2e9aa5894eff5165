using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Scheduling;

/// <content>How requests join the queue and leave it without the slot.</content>
internal sealed partial class RunQueue
{
    /// <summary>Takes the slot if it is free; otherwise adds an entry at the end of the queue.</summary>
    /// <returns>The slot; null if the request must wait. Then <paramref name="entry"/> is its entry in the queue.</returns>
    private QueueSlot? Join(QueuedRequest request, long now, out LinkedListNode<QueueEntry>? entry)
    {
        lock (_lock)
        {
            entry = null;
            if (_isClosed && !request.HasStarted)
            {
                _metrics?.RecordRejection(RejectionCause.Draining);
                throw new DrainingException();
            }

            QueueEntry joining = new(request, request.Arrival ?? now);
            if (!_isBusy && _order.CanStart(joining) && (_order.IsForeground(joining) || !RunOrder.HasOther(_waiting)))
                return NewSlot(request.Model, _order.IsForeground(joining), joining.Arrival);
            if (_hold.IsActive && _order.EndsHold(joining, _isHeldFromBackground))
            {
                _hold.End();
                RunOrder.CountHeldBack(_waiting);
                return NewSlot(request.Model, isForeground: true, joining.Arrival);
            }

            if (request is { IsRetry: false, HasStarted: false, Arrival: null } && (HasNoPlace || (request.IsBackground && IsBackgroundFull())))
            {
                _metrics?.RecordRejection(RejectionCause.QueueFull);
                throw new QueueFullException("The server is busy: too many requests are waiting.", RetryAfterSeconds);
            }

            entry = Add(joining);
            if (!request.IsBackground && _slot is { } slot && _order.CanStart(joining))
                slot.SignalWanted();
            return null;
        }
    }

    // Guarded by _lock. If no request has the slot, one more may wait: it is the one that gets the slot when its model has loaded or restarted.
    private bool HasNoPlace => _waiting.Count >= (_isBusy ? _capacity : _capacity + 1);

    private bool IsBackgroundFull() => _waiting.Count(static entry => entry.Request.IsBackground) >= Math.Max(1, _capacity / 2);

    private void Reject(QueueEntry entry, Exception reason, string cause)
    {
        _metrics?.RecordRejection(cause);
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
            SignalIfIdle();
        }

        // Background requests may have waited for this one.
        Reconsider();
        if (reason is OperationCanceledException { CancellationToken: var token })
            entry.Value.Slot.TrySetCanceled(token);
        else if (reason is QueueFullException)
            Reject(entry.Value, reason, RejectionCause.QueueTimeout);
        else
            entry.Value.Slot.TrySetException(reason);
    }

    /// <summary>Adds an entry at the end of the queue, or at its earlier place. The caller holds the lock.</summary>
    private LinkedListNode<QueueEntry> Add(QueueEntry entry)
    {
        LinkedListNode<QueueEntry>? before = _waiting.Last;
        while (before is not null && before.Value.Arrival > entry.Arrival)
            before = before.Previous;
        return before is null ? _waiting.AddFirst(entry) : _waiting.AddAfter(before, entry);
    }

    /// <summary>Waits until the entry waits for nothing but the slot, or has left the queue. If the task fails, the entry leaves the queue.</summary>
    private async Task WaitAsync(Task after, LinkedListNode<QueueEntry> entry)
    {
        await Task.WhenAny(after, entry.Value.Slot.Task).ConfigureAwait(false);
        if (after is { IsCompleted: true, IsCompletedSuccessfully: false })
            Leave(entry, after.Exception?.InnerException ?? new OperationCanceledException());
        else
            Reconsider();
    }
}
