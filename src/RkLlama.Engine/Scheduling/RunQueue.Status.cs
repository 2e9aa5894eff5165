namespace RkLlama.Engine.Scheduling;

/// <content>The state of the queue at this moment, for other parts of the server.</content>
internal sealed partial class RunQueue
{
    /// <summary>Maximum number of waiting requests.</summary>
    internal int Capacity => _capacity;

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
                return HasNoPlace;
        }
    }

    /// <summary>Whether the queue is closed because the server is shutting down. Then no new request gets a slot.</summary>
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

    /// <summary>Returns the place of a waiting request; <see langword="null"/> if it does not wait.</summary>
    /// <param name="trace">See <see cref="QueuedRequest.Trace"/>.</param>
    internal QueuePlace? FindPlace(object trace)
    {
        lock (_lock)
        {
            int ahead = 0;
            foreach (QueueEntry entry in _waiting)
            {
                if (entry.Request.Trace == trace)
                    return new(ahead + 1, _pace.EstimateWait(_isBusy, ahead));
                ahead++;
            }

            return null;
        }
    }
}
