namespace RkLlama.Cli.Terminal.Progress;

/// <summary>The rate of a transfer over the last 10 s.</summary>
internal sealed class TransferRate(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Queue<(long At, long Bytes)> _samples = new();
    private long _last;

    /// <summary>Adds the number of bytes that are complete now.</summary>
    internal void Add(long bytes)
    {
        long now = time.GetTimestamp();
        if (bytes < _last)
            _samples.Clear();
        _last = bytes;
        _samples.Enqueue((now, bytes));
        Trim(now);
    }

    /// <summary>Bytes per second; 0 if unknown.</summary>
    internal double BytesPerSecond
    {
        get
        {
            long now = time.GetTimestamp();
            Trim(now);
            if (!_samples.TryPeek(out (long At, long Bytes) first))
                return 0;
            double seconds = time.GetElapsedTime(first.At, now).TotalSeconds;
            return seconds > 0 ? (_last - first.Bytes) / seconds : 0;
        }
    }

    /// <summary>Removes the samples before the window, except the last one of them, from which the rate counts.</summary>
    private void Trim(long now)
    {
        while (_samples.Count > 1 && time.GetElapsedTime(_samples.ElementAt(1).At, now) >= Window)
            _samples.Dequeue();
        if (_samples.Count == 1 && time.GetElapsedTime(_samples.Peek().At, now) >= Window)
            _samples.Clear();
    }
}
