using System.Diagnostics;

namespace RkLlama.Server.Inference;

/// <summary>
/// The line in front of the NPU: one run at a time, first come first served, bounded. A turn is given back by the end of the run, not by the
/// end of the request, so a slow reader holds nobody up.
/// </summary>
internal sealed class RunQueue(int capacity)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource<Turn>> _waiting = new();
    private bool _busy;
    private TaskCompletionSource? _idle;

    // Guarded by _lock. A moving average of what a turn takes, seconds; the first turn sets it.
    private double _averageTurn;

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

    /// <summary>Waits until nobody runs or waits.</summary>
    /// <returns><see langword="false"/> when that took too long.</returns>
    internal async Task<bool> WhenIdleAsync(TimeSpan patience, TimeProvider time)
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
            await idle.WaitAsync(patience, time).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Waits in line. Cancelling leaves it at once.</summary>
    /// <exception cref="QueueFullException">The line is full.</exception>
    internal async Task<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource<Turn>> place;
        lock (_lock)
        {
            if (!_busy)
            {
                _busy = true;
                return new(this);
            }

            if (_waiting.Count >= capacity)
                throw new QueueFullException(RetryAfterSeconds(_waiting.Count));

            place = _waiting.AddLast(new TaskCompletionSource<Turn>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        using CancellationTokenRegistration registration = cancellationToken.Register(() => Leave(place, cancellationToken));
        return await place.Value.Task.ConfigureAwait(false);
    }

    private void Leave(LinkedListNode<TaskCompletionSource<Turn>> place, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Without a list it has its turn already, and gives it back like everyone else.
            if (place.List is null)
                return;
            _waiting.Remove(place);
        }

        place.Value.TrySetCanceled(cancellationToken);
    }

    /// <summary>How long the line in front takes, whole seconds, 1 to 60: clients wait no longer than that.</summary>
    private int RetryAfterSeconds(int waiting) => (int)Math.Clamp(Math.Ceiling(_averageTurn * (waiting + 1)), 1, 60);

    private void PassOn(TimeSpan turn)
    {
        TaskCompletionSource<Turn> next;
        lock (_lock)
        {
            _averageTurn = _averageTurn == 0 ? turn.TotalSeconds : (0.8 * _averageTurn) + (0.2 * turn.TotalSeconds);
            if (_waiting.First is not { } first)
            {
                _busy = false;
                _idle?.TrySetResult();
                _idle = null;
                return;
            }

            _waiting.RemoveFirst();
            next = first.Value;
        }

        next.SetResult(new(this));
    }

    /// <summary>The right to run. Disposing passes it on; only once, however often.</summary>
    internal sealed class Turn(RunQueue queue) : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private int _given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _given, 1) == 0)
                queue.PassOn(Stopwatch.GetElapsedTime(_start));
        }
    }
}

/// <summary>No room in the line.</summary>
/// <param name="retryAfterSeconds">When it is worth trying again, 1 to 60.</param>
internal sealed class QueueFullException(int retryAfterSeconds) : Exception("The server is busy: too many requests are waiting.")
{
    internal int RetryAfterSeconds => retryAfterSeconds;
}
