namespace RkLlama.Engine.Residency;

/// <summary>
/// Measures how long a model has been idle, by the monotonic clock, so that a change of the system time does not unload a model or keep it loaded. Immutable.
/// </summary>
/// <param name="limit">The idle time after which the model is unloaded; at least 0.</param>
internal sealed class IdleTimer(TimeSpan limit, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>The time until the model is unloaded; zero or negative if the timer has expired.</summary>
    internal TimeSpan Remaining => limit - time.GetElapsedTime(_start);
}
