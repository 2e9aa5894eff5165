using RkLlama.Engine.Metrics;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The line in front of the NPU: one run at a time, first come first served, bounded by count and by age. A turn is given back by the end of
/// the run, not by the end of the request, so a slow reader holds nobody up. Changing the model costs seconds, so as long as requests for two of
/// them wait, one keeps the NPU for a while before the other has it.
/// </summary>
/// <param name="capacity">How many may wait.</param>
/// <param name="maxWait">How long one may wait.</param>
/// <param name="residency">How long a model keeps the NPU while requests for it and for others wait.</param>
/// <param name="metrics">Hears of waits and of those sent away.</param>
internal sealed class RunQueue(int capacity, TimeSpan maxWait, TimeSpan residency, TimeProvider time, NodeMetrics? metrics = null)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Place> _waiting = new();

    // Guarded by _lock.
    private bool _busy;
    private string? _model;
    private long _modelStart;
    private long _turnStart;
    private Func<Exception>? _closed;
    private TaskCompletionSource? _idle;

    // Guarded by _lock. A moving average of what a turn takes, seconds; the first turn sets it.
    private double _averageTurn;

    /// <summary>How many may wait.</summary>
    internal int Capacity => capacity;

    /// <summary>Requests that wait for their turn; the one that runs is not among them.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Whether somebody has the turn.</summary>
    internal bool IsBusy
    {
        get
        {
            lock (_lock)
                return _busy;
        }
    }

    /// <summary>Whether the next one would be refused.</summary>
    internal bool IsFull
    {
        get
        {
            lock (_lock)
                return _busy && _waiting.Count >= capacity;
        }
    }

    /// <summary>How long the line takes from now, whole seconds, 1 to 60: clients wait no longer than that.</summary>
    internal int RetryAfterSeconds
    {
        get
        {
            lock (_lock)
            {
                // A turn that takes longer than usual says more than the ones before it.
                double running = _busy ? time.GetElapsedTime(_turnStart).TotalSeconds : 0;
                double turn = Math.Max(_averageTurn, running);
                return (int)Math.Clamp(Math.Ceiling((turn * (_waiting.Count + 1)) - running), 1, 60);
            }
        }
    }

    /// <summary>Waits until nobody runs or waits.</summary>
    /// <param name="impatience">Ends the patience.</param>
    /// <returns><see langword="false"/> when that took too long.</returns>
    internal async Task<bool> WhenIdleAsync(TimeSpan patience, CancellationToken impatience = default)
    {
        Task idle;
        lock (_lock)
        {
            if (!_busy)
                return true;
            idle = (_idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        try
        {
            await idle.WaitAsync(patience, time, impatience).ConfigureAwait(false);
            return true;
        }
        catch (Exception ex) when (ex is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Sends everyone away who waits, and whoever comes; the run in progress keeps its turn.</summary>
    /// <param name="reason">Makes what each of them is told.</param>
    internal void Close(Func<Exception> reason)
    {
        Place[] waiting;
        lock (_lock)
        {
            _closed = reason;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (Place place in waiting)
            Refuse(place, reason(), RejectionCause.Draining);
    }

    /// <summary>Takes the turn when nobody else has it.</summary>
    internal Turn? TryEnter(string model)
    {
        lock (_lock)
        {
            if (_busy || _closed is not null)
                return null;
            return NewTurn(model);
        }
    }

    /// <summary>Waits in line. Cancelling leaves it at once.</summary>
    /// <param name="model">What the turn is for.</param>
    /// <param name="isRetry">It stands for one that leaves or has left, so there is a place for it.</param>
    /// <exception cref="QueueFullException">The line is full, or the wait was too long.</exception>
    internal async Task<Turn> EnterAsync(string model, CancellationToken cancellationToken, bool isRetry = false)
    {
        long arrival = time.GetTimestamp();
        if (Join(model, isRetry, out LinkedListNode<Place>? place) is { } free)
        {
            metrics?.RecordQueueWait(TimeSpan.Zero);
            return free;
        }

        using CancellationTokenRegistration left = cancellationToken.Register(() => Leave(place!, new OperationCanceledException(cancellationToken)));
        using ITimer expiry = time.CreateTimer(
            _ => Leave(place!, new QueueFullException($"The server is busy: the request waited {maxWait.TotalSeconds:0.#} s for its turn.", RetryAfterSeconds)),
            null,
            maxWait,
            Timeout.InfiniteTimeSpan);
        Turn turn = await place!.Value.Turn.Task.ConfigureAwait(false);
        metrics?.RecordQueueWait(time.GetElapsedTime(arrival));
        return turn;
    }

    /// <summary>Takes the turn when nobody else has it, or the last place in line.</summary>
    private Turn? Join(string model, bool isRetry, out LinkedListNode<Place>? place)
    {
        lock (_lock)
        {
            place = null;
            if (_closed is not null)
            {
                metrics?.RecordRejection(RejectionCause.Draining);
                throw _closed();
            }

            if (!_busy)
                return NewTurn(model);
            if (_waiting.Count >= capacity && !isRetry)
            {
                metrics?.RecordRejection(RejectionCause.QueueFull);
                throw new QueueFullException("The server is busy: too many requests are waiting.", RetryAfterSeconds);
            }

            place = _waiting.AddLast(new Place(model));
            return null;
        }
    }

    private void Refuse(Place place, Exception reason, string cause)
    {
        metrics?.RecordRejection(cause);
        place.Turn.TrySetException(reason);
    }

    private void Leave(LinkedListNode<Place> place, Exception reason)
    {
        lock (_lock)
        {
            // Without a list it has its turn already, and gives it back like everyone else.
            if (place.List is null)
                return;
            _waiting.Remove(place);
        }

        if (reason is OperationCanceledException { CancellationToken: var token })
            place.Value.Turn.TrySetCanceled(token);
        else
            Refuse(place.Value, reason, RejectionCause.QueueTimeout);
    }

    /// <summary>Under the lock.</summary>
    private Turn NewTurn(string model)
    {
        _busy = true;
        _turnStart = time.GetTimestamp();
        if (_model != model)
            (_model, _modelStart) = (model, time.GetTimestamp());
        return new(this);
    }

    /// <summary>Who comes next: the first in line, unless another one waits for the model that has the NPU and has not had it for long. Under the lock.</summary>
    private LinkedListNode<Place>? Next()
    {
        if (_waiting.First is not { } first || first.Value.Model == _model || time.GetElapsedTime(_modelStart) >= residency)
            return _waiting.First;
        LinkedListNode<Place>? same = first;
        while (same is not null && same.Value.Model != _model)
            same = same.Next;
        return same ?? first;
    }

    private void PassOn()
    {
        Place next;
        Turn turn;
        lock (_lock)
        {
            double seconds = time.GetElapsedTime(_turnStart).TotalSeconds;
            _averageTurn = _averageTurn == 0 ? seconds : (0.8 * _averageTurn) + (0.2 * seconds);
            if (Next() is not { } place)
            {
                _busy = false;
                _idle?.TrySetResult();
                _idle = null;
                return;
            }

            _waiting.Remove(place);
            next = place.Value;
            turn = NewTurn(next.Model);
        }

        next.Turn.SetResult(turn);
    }

    /// <summary>Somebody who waits, and for what.</summary>
    private sealed class Place(string model)
    {
        public string Model => model;

        public TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>The right to run. Disposing passes it on; only once, however often.</summary>
    internal sealed class Turn(RunQueue queue) : IDisposable
    {
        private int _given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _given, 1) == 0)
                queue.PassOn();
        }
    }
}

/// <summary>No room in the line, or none in time.</summary>
/// <param name="retryAfterSeconds">When it is worth trying again, 1 to 60.</param>
internal sealed class QueueFullException(string message, int retryAfterSeconds) : Exception(message)
{
    internal int RetryAfterSeconds => retryAfterSeconds;
}
