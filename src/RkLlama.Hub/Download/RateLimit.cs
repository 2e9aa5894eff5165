namespace RkLlama.Hub.Download;

/// <summary>Bounds the rate of all downloads together. Thread-safe.</summary>
/// <param name="bytesPerSecond">The bound; 0 for none.</param>
internal sealed class RateLimit(long bytesPerSecond, TimeProvider clock)
{
    // After a pause, downloads may exceed the rate until they have caught up with this time.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(200);
    private readonly Lock _lock = new();
    private readonly long _start = clock.GetTimestamp();

    // The time after the start at which all bytes so far are within the rate.
    private TimeSpan _paid;

    /// <summary>Waits until these bytes fit into the rate.</summary>
    internal Task WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytesPerSecond <= 0)
            return Task.CompletedTask;
        TimeSpan wait;
        lock (_lock)
        {
            TimeSpan now = clock.GetElapsedTime(_start);
            if (_paid < now - Burst)
                _paid = now - Burst;
            _paid += TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
            wait = _paid - now;
        }

        return wait > TimeSpan.Zero ? Task.Delay(wait, clock, cancellationToken) : Task.CompletedTask;
    }
}
