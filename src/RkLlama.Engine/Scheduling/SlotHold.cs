namespace RkLlama.Engine.Scheduling;

/// <summary>The time for which the slot of the queue is held for a request that continues the last run. Used under the lock of the queue.</summary>
/// <param name="duration">How long the slot is held.</param>
/// <param name="expired">
/// Called on a thread of the timer, without the lock, when the time is over. It must take the lock and end the hold if <see cref="IsCurrent"/> is true for its argument.
/// </param>
#pragma warning disable CA1001 // the timer ends by itself
internal sealed class SlotHold(TimeSpan duration, Action<object> expired, TimeProvider time)
#pragma warning restore CA1001
{
    private ITimer? _timer;

    // Identifies the hold to its timer, which may expire while the hold ends.
    private object? _hold;

    /// <summary>Whether the slot can be held at all.</summary>
    internal bool IsOn => duration > TimeSpan.Zero;

    /// <summary>Whether the slot is held.</summary>
    internal bool IsActive => _hold is not null;

    internal bool IsCurrent(object hold) => _hold == hold;

    internal void Start()
    {
        object hold = _hold = new();
        _timer = time.CreateTimer(_ => expired(hold), null, duration, Timeout.InfiniteTimeSpan);
    }

    internal void End()
    {
        _timer?.Dispose();
        (_timer, _hold) = (null, null);
    }
}
