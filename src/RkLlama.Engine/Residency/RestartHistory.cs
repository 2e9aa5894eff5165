namespace RkLlama.Engine.Residency;

/// <summary>
/// The restarts of the last 10 minutes. Uses the monotonic clock, because a board corrects its wall clock when it first reaches a time server. Used by one task
/// at a time.
/// </summary>
internal sealed class RestartHistory(TimeProvider time)
{
    internal static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    // The longest delay before a restart is 2 to the power of this number, in seconds.
    private const int MaxDoublings = 3;

    // Oldest first. Each delay is at least 8 s after the first restarts, so the window has less than 100 of them.
    private readonly Queue<(long Time, bool Counts)> _restarts = new();

    /// <summary>Returns the number of restarts that count against the model.</summary>
    internal int Counted()
    {
        RemoveOld();
        return _restarts.Count(static restart => restart.Counts);
    }

    /// <summary>Adds a restart.</summary>
    /// <param name="counts">Whether it counts against the model: no request ended the worker.</param>
    /// <returns>The delay before the restart: 0, 1, 2, 4 or 8 s if there were 0, 1, 2, 3 or more restarts in the last 10 minutes.</returns>
    internal TimeSpan Add(bool counts)
    {
        RemoveOld();
        TimeSpan delay = TimeSpan.FromSeconds(_restarts.Count == 0 ? 0 : 1 << Math.Min(_restarts.Count - 1, MaxDoublings));
        _restarts.Enqueue((time.GetTimestamp(), counts));
        return delay;
    }

    internal void Clear() => _restarts.Clear();

    private void RemoveOld()
    {
        while (_restarts.TryPeek(out (long Time, bool Counts) oldest) && time.GetElapsedTime(oldest.Time) > Window)
            _restarts.Dequeue();
    }
}
