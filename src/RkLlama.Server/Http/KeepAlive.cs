namespace RkLlama.Server.Http;

/// <summary>
/// How often a silent response gets a sign of life: proxies and some clients give up on a silent connection, and behind a proxy only a write shows that the
/// client has disconnected.
/// </summary>
/// <param name="interval">The longest silence of a stream.</param>
/// <param name="delay">How long a response in one piece may keep its status open before it begins.</param>
internal sealed class KeepAlive(TimeSpan interval, TimeSpan delay, TimeProvider time)
{
    internal KeepAliveTimer NewTimer() => new(interval, time);

    /// <summary>For the time before a response in one piece begins.</summary>
    internal KeepAliveTimer NewPaddingTimer() => new(delay, time);
}

/// <summary>Measures the silence of one response. Used by one request.</summary>
internal sealed class KeepAliveTimer(TimeSpan interval, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _end = new();

    // One delay serves many items: it is as long as the interval, and the rest after the last item is waited for when it is over.
    private Task? _delay;

    /// <summary>Waits for the task, however it ends.</summary>
    /// <returns><see langword="false"/> if the interval passes first.</returns>
    internal async ValueTask<bool> WaitAsync(Task task)
    {
        if (task.IsCompleted)
            return true;

        long since = time.GetTimestamp();
        while (true)
        {
            _delay ??= Task.Delay(interval, time, _end.Token);
            if (await Task.WhenAny(task, _delay).ConfigureAwait(false) == task)
                return true;
            TimeSpan rest = interval - time.GetElapsedTime(since);
            _delay = null;
            if (rest <= TimeSpan.Zero)
                return false;
            _delay = Task.Delay(rest, time, _end.Token);
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }
}
