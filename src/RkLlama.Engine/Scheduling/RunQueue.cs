using RkLlama.Engine.Configuration;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The queue of requests for the NPU. It has one slot, so one request runs at a time, also if several models are resident. <see cref="RunOrder"/> decides which
/// request is next. The number of waiting requests and their wait time are limited. A slot is released when the run ends, not when the response ends, so a slow
/// client does not delay other requests. Thread-safe.
/// </summary>
#pragma warning disable CA1001 // the holder disposes the slot
internal sealed partial class RunQueue
#pragma warning restore CA1001
{
    private readonly int _capacity;
    private readonly TimeSpan _maxWait;
    private readonly TimeProvider _time;
    private readonly NodeMetrics? _metrics;
    private readonly Lock _lock = new();

    // Guarded by _lock, with all fields below. _slot is null while the slot is held.
    private readonly RunOrder _order;
    private readonly LinkedList<QueueEntry> _waiting = new();
    private readonly SlotPace _pace;
    private readonly SlotHold _hold;
    private bool _isBusy;
    private QueueSlot? _slot;
    private bool _isClosed;

    // Whether the slot is held, or was held last, because only background requests wait.
    private bool _isHeldFromBackground;

    // Completes when the slot becomes free; null if no caller waits for that.
    private TaskCompletionSource? _idle;

    /// <param name="capacity">Maximum number of waiting requests. At most half of them, and at least one, can be background requests.</param>
    /// <param name="maxWait">Maximum wait time of a request.</param>
    /// <param name="followUp">
    /// How long the slot is held after a run for a request that continues the KV cache of the run, if all waiting requests would replace this cache. See <see cref="RunOrder"/>.
    /// If only background requests wait, it is held as long for the next step of the client.
    /// </param>
    /// <param name="metrics">Records wait times and rejections; null to record nothing.</param>
    internal RunQueue(int capacity, TimeSpan maxWait, TimeSpan followUp, RunOrder order, TimeProvider time, NodeMetrics? metrics = null)
    {
        (_capacity, _maxWait, _order, _time, _metrics) = (capacity, maxWait, order, time, metrics);
        _pace = new(time);
        _hold = new(followUp, OnHoldExpired, time);
    }

    /// <summary>Creates the queue of a node with its settings.</summary>
    internal static RunQueue Of(NodeOptions options, IKvCaches caches, TimeProvider time, NodeMetrics metrics)
    {
        RunQueue queue = new(options.QueueLength, options.MaxQueueWait, options.FollowUp, new(caches, options.SwitchTime, options.Fairness, time), time, metrics);

        // The caller may hold the lock of the models, which the queue takes under its own lock.
        caches.Changed += () => ThreadPool.UnsafeQueueUserWorkItem(static queue => queue.Reconsider(), queue, preferLocal: false);
        return queue;
    }

    /// <summary>Raised when a request gets the slot. The handlers run under the lock of the queue, so they must return at once.</summary>
    internal event Action? SlotTaken;

    /// <summary>Waits until no request has the slot and no request waits for it.</summary>
    /// <param name="forceStop">Cancels the wait.</param>
    /// <returns><see langword="false"/> if the timeout expired or <paramref name="forceStop"/> was cancelled.</returns>
    internal async Task<bool> WhenIdleAsync(TimeSpan timeout, CancellationToken forceStop = default)
    {
        Task idle;
        lock (_lock)
        {
            if (!_isBusy && _waiting.Count == 0)
                return true;
            idle = (_idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        try
        {
            await idle.WaitAsync(timeout, _time, forceStop).ConfigureAwait(false);
            return true;
        }
        catch (Exception ex) when (ex is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>
    /// Closes the queue: waiting and future requests fail with <see cref="DrainingException"/>. The active run continues, and so do requests that have had the slot
    /// before.
    /// </summary>
    internal void Close()
    {
        QueueEntry[] refused;
        lock (_lock)
        {
            _isClosed = true;
            refused = [.. _waiting.Where(static entry => !entry.Request.HasStarted)];
            foreach (QueueEntry entry in refused)
                _waiting.Remove(entry);
            if (_hold.IsActive || !_isBusy)
                PassOn(isHoldAllowed: false);
            SignalIfIdle();
        }

        foreach (QueueEntry entry in refused)
            Reject(entry, new DrainingException(), RejectionCause.Draining);
    }

    /// <summary>Takes the slot without waiting. Returns <see langword="null"/> if another request has the slot or the queue is closed.</summary>
    /// <param name="model">The model that the holder uses; <see langword="null"/> for none.</param>
    internal QueueSlot? TryEnter(string? model = null)
    {
        lock (_lock)
            return _isBusy || _isClosed ? null : NewSlot(model, isForeground: true, _time.GetTimestamp());
    }

    /// <inheritdoc cref="EnterAsync(QueuedRequest, CancellationToken)"/>
    /// <param name="model">The model that the request needs.</param>
    internal Task<QueueSlot> EnterAsync(string model, CancellationToken cancellationToken) => EnterAsync(new QueuedRequest(model), cancellationToken);

    /// <summary>Waits for the slot. If the wait is cancelled, the request leaves the queue at once.</summary>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    internal async Task<QueueSlot> EnterAsync(QueuedRequest request, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        if (Join(request, start, out LinkedListNode<QueueEntry>? entry) is { } free)
        {
            _metrics?.RecordQueueWait(TimeSpan.Zero);
            return free;
        }

        using CancellationTokenRegistration left = cancellationToken.Register(() => Leave(entry!, new OperationCanceledException(cancellationToken)));
        using ITimer expiry = _time.CreateTimer(
            _ => Leave(entry!, new QueueFullException($"The server is busy: the request waited {_maxWait.TotalSeconds:0.#} s for its turn.", RetryAfterSeconds)),
            null,
            request.After is null ? _maxWait : Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        using ITimer? patience = request.IsBackground
            ? _time.CreateTimer(_ => Reconsider(), null, TimeSpan.FromTicks(Math.Max(0, (RunOrder.BackgroundPatience - request.Waited).Ticks)), Timeout.InfiniteTimeSpan)
            : null;
        if (request.After is { } after)
        {
            await WaitAsync(after, entry!).ConfigureAwait(false);
            start = _time.GetTimestamp();
            expiry.Change(_maxWait, Timeout.InfiniteTimeSpan);
        }

        QueueSlot slot = await entry!.Value.Slot.Task.ConfigureAwait(false);
        _metrics?.RecordQueueWait(_time.GetElapsedTime(start));
        return slot;
    }

    /// <summary>Gives the slot to a waiting request that can start now, if the slot is free. Any thread.</summary>
    internal void Reconsider()
    {
        ReadDemands();
        lock (_lock)
        {
            if (!_isBusy || (_hold.IsActive && _isHeldFromBackground && _order.WantsSlot(_waiting)))
                PassOn(isHoldAllowed: false);
            else if (_slot is { } slot && _order.WantsSlot(_waiting))
                slot.SignalWanted();
        }
    }

    /// <summary>Passes the slot on after a request that has not used the NPU. Each <see cref="QueueSlot"/> calls this or <see cref="Release"/>, once.</summary>
    internal void Return()
    {
        ReadDemands();
        lock (_lock)
            PassOn(isHoldAllowed: false);
    }

    /// <summary>Gives the slot to the next waiting request, or makes it free if no request waits. Each <see cref="QueueSlot"/> calls this once.</summary>
    /// <param name="isHoldAllowed">Whether the slot may be held for the request that continues this one.</param>
    internal void Release(bool isHoldAllowed)
    {
        ReadDemands();
        lock (_lock)
        {
            _pace.End();
            PassOn(isHoldAllowed);
        }
    }

    /// <summary>Reads from the disk what the order must know of the waiting requests. The caller does not hold the lock.</summary>
    private void ReadDemands()
    {
        QueuedRequest[] waiting;
        lock (_lock)
            waiting = _waiting.Count == 0 ? [] : [.. _waiting.Select(static entry => entry.Request)];
        if (waiting.Length > 0)
            _order.ReadDemands(waiting);
    }

    /// <summary>Gives the slot to the next waiting request, holds it, or makes it free. The caller holds the lock.</summary>
    private void PassOn(bool isHoldAllowed)
    {
        _hold.End();
        LinkedListNode<QueueEntry>? next = _order.Next(_waiting);
        if (next is not null && isHoldAllowed && !_isClosed && _hold.IsOn && NextAfterRun(next) is var other && other != next)
        {
            if (other is null)
            {
                _slot = null;
                _isHeldFromBackground = !_order.IsForeground(next.Value);
                _hold.Start();
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
        SignalIfIdle();
    }

    /// <summary>
    /// Returns the entry that gets the slot after a run; null if the slot should be held. It is held from background requests, because the client of the run often sends the
    /// next step of its work at once, and a run for the background would delay it.
    /// </summary>
    private LinkedListNode<QueueEntry>? NextAfterRun(LinkedListNode<QueueEntry> next) => _order.IsForeground(next.Value) ? _order.NextBeside(next) : null;

    /// <summary>The caller holds the lock.</summary>
    private void SignalIfIdle()
    {
        if (_isBusy || _waiting.Count > 0)
            return;
        _idle?.TrySetResult();
        _idle = null;
    }

    private void OnHoldExpired(object hold)
    {
        ReadDemands();
        lock (_lock)
        {
            if (_hold.IsCurrent(hold))
                PassOn(isHoldAllowed: false);
        }
    }

    /// <summary>Gives the slot to a waiting request. The caller holds the lock.</summary>
    private void Grant(LinkedListNode<QueueEntry> entry)
    {
        RunOrder.Take(entry);
        entry.Value.Slot.SetResult(NewSlot(entry.Value.Model, _order.IsForeground(entry.Value), entry.Value.Arrival));
    }

    /// <summary>Takes the slot for a request. The caller holds the lock.</summary>
    /// <param name="arrival">When the request joined the queue.</param>
    private QueueSlot NewSlot(string? model, bool isForeground, long arrival)
    {
        _isBusy = true;
        _pace.Start();
        SlotTaken?.Invoke();
        if (model is not null)
            _order.RecordSlot(model);
        return _slot = new(this, !isForeground, arrival, _time.GetElapsedTime(arrival));
    }
}
