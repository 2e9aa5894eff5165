namespace RkLlama.Server.Http.Results;

/// <summary>
/// Settings of keep-alives. Proxies and some clients close a connection without traffic, and behind a proxy only a failed write shows that the client has
/// disconnected.
/// </summary>
/// <param name="interval">Maximum time between two writes of a response that has started.</param>
/// <param name="delay">Time after which a response that is not streamed starts with white space.</param>
internal sealed class KeepAlive(TimeSpan interval, TimeSpan delay, TimeProvider time)
{
    /// <summary>Timer of a response that has started, or of a stream.</summary>
    internal KeepAliveTimer NewTimer() => new(interval, time);

    /// <summary>Timer of a response that is not streamed, until it starts.</summary>
    internal KeepAliveTimer NewPaddingTimer() => new(delay, time);
}

/// <summary>Measures the time between two writes of one response. Used by one request.</summary>
internal sealed class KeepAliveTimer(TimeSpan interval, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _end = new();

    // One delay serves many calls, which saves a timer per event. If it ends during a call, only the rest of that call's interval is waited for.
    private Task? _delay;

    /// <summary>Waits until the task completes, fails or is cancelled.</summary>
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
