namespace RkLlama.Server.Http.Results;

/// <summary>
/// Settings of keep-alives. A keep-alive prevents a proxy or the client from closing a connection without traffic. It also detects that a client behind a proxy
/// has disconnected, because the server sees this only when a write fails.
/// </summary>
/// <param name="interval">Maximum time between two writes of a response that has started.</param>
/// <param name="delay">If a response that is not streamed is not ready after this time, it starts with white space.</param>
internal sealed class KeepAlive(TimeSpan interval, TimeSpan delay, TimeProvider time)
{
    /// <summary>Creates the timer of a stream, or of any response that has started.</summary>
    internal KeepAliveTimer NewTimer() => new(interval, time);

    /// <summary>Creates the timer of a response that is not streamed, for the time before its first write.</summary>
    internal KeepAliveTimer NewPaddingTimer() => new(delay, time);
}

/// <summary>Measures the time between two writes of one response. Not thread-safe: one request uses it.</summary>
internal sealed class KeepAliveTimer(TimeSpan interval, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _end = new();

    // Consecutive calls share one delay, so that not every event needs a new timer. If the delay ends during a call, the call waits only for the rest of its
    // own interval.
    private Task? _delay;

    /// <summary>Waits until the task completes, fails or is cancelled, or until the interval has passed. Does not throw the exception of the task.</summary>
    /// <returns><see langword="false"/> if the interval has passed first.</returns>
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
