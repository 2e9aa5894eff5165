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
    internal KeepAliveTimer NewTimer(HttpContext context) => new(interval, time, ProbeDue(context));

    /// <summary>Creates the timer of a stream that belongs to no connection.</summary>
    internal KeepAliveTimer NewTimer() => new(interval, time);

    /// <summary>Creates the timer of a response that is not streamed, for the time before its first write.</summary>
    internal KeepAliveTimer NewPaddingTimer(HttpContext context) => new(delay, time, ProbeDue(context));

    private static Task? ProbeDue(HttpContext context)
    {
        if (context.Features.Get<IHalfCloseFeature>() is not { } halfClose)
            return null;
        halfClose.IsPreparing = false;
        return halfClose.ProbeDue;
    }
}

/// <summary>Measures the time between two writes of one response. Not thread-safe: one request uses it.</summary>
/// <param name="probeDue">Completes if a keep-alive is needed at once, see <see cref="IHalfCloseFeature"/>; null for never.</param>
internal sealed class KeepAliveTimer(TimeSpan interval, TimeProvider time, Task? probeDue = null) : IDisposable
{
    private readonly CancellationTokenSource _end = new();

    // Null after the probe.
    private Task? _probeDue = probeDue;

    // Consecutive calls share one delay, so that not every event needs a new timer. If the delay ends during a call, the call waits only for the rest of its
    // own interval.
    private Task? _delay;

    /// <summary>
    /// Waits until the task completes, fails or is cancelled, or until a keep-alive is due: the interval has passed, or a probe is needed. Does not throw the
    /// exception of the task.
    /// </summary>
    /// <returns><see langword="false"/> if the keep-alive is due first.</returns>
    internal async ValueTask<bool> WaitAsync(Task task)
    {
        if (task.IsCompleted)
            return true;

        long since = time.GetTimestamp();
        while (true)
        {
            _delay ??= Delay(interval);
            if (await Task.WhenAny(task, _delay).ConfigureAwait(false) == task)
                return true;
            TimeSpan rest = interval - time.GetElapsedTime(since);
            _delay = null;
            if (_probeDue is { IsCompleted: true })
            {
                _probeDue = null;
                return false;
            }

            if (rest <= TimeSpan.Zero)
                return false;

            // Rounded up, because a delay of less than a millisecond ends at once, and the loop would spin.
            _delay = Delay(TimeSpan.FromMilliseconds(Math.Ceiling(rest.TotalMilliseconds)));
        }
    }

    private Task Delay(TimeSpan delay)
    {
        Task end = Task.Delay(delay, time, _end.Token);
        return _probeDue is null ? end : Task.WhenAny(end, _probeDue);
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }
}
