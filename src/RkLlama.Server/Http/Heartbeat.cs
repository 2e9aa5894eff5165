using System.Runtime.CompilerServices;

namespace RkLlama.Server.Http;

/// <summary>
/// Signs of life while an answer has nothing to say: proxies and some clients give up on a silent connection, and behind a proxy only a write
/// shows that the client has gone.
/// </summary>
/// <param name="interval">The longest silence.</param>
/// <param name="firstPadding">How long an answer in one piece may keep its status open before it has to begin.</param>
internal sealed class Heartbeat(TimeSpan interval, TimeSpan firstPadding, TimeProvider time)
{
    /// <summary>How long an answer in one piece may keep its status open before it has to begin.</summary>
    internal TimeSpan FirstPadding => firstPadding;

    /// <summary>The longest silence.</summary>
    internal TimeSpan Interval => interval;

    /// <summary>The items as they come, and a beat wherever none came for the interval.</summary>
    internal async IAsyncEnumerable<T> FillAsync<T>(IAsyncEnumerable<T> items, Func<T> beat, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenSource left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IAsyncEnumerator<T> source = items.GetAsyncEnumerator(left.Token);
        Task<bool> next = Task.FromResult(true);

        // One for many items: it is as long as the interval, and what is left of that after the last item is waited for when it is over.
        Task? silence = null;
        try
        {
            while (true)
            {
                next = source.MoveNextAsync().AsTask();
                long since = time.GetTimestamp();
                while (!next.IsCompleted)
                {
                    silence ??= Task.Delay(interval, time, left.Token);
                    if (await Task.WhenAny(next, silence).ConfigureAwait(false) == next)
                        break;
                    cancellationToken.ThrowIfCancellationRequested();
                    TimeSpan rest = interval - time.GetElapsedTime(since);
                    if (rest <= TimeSpan.Zero)
                    {
                        yield return beat();
                        (since, rest) = (time.GetTimestamp(), interval);
                    }

                    silence = Task.Delay(rest, time, left.Token);
                }

                if (!await next.ConfigureAwait(false))
                    yield break;
                yield return source.Current;
            }
        }
        finally
        {
            // A source must not be disposed while it makes its next item.
            await left.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the end of the task, however it ends, for so long.</summary>
    internal async ValueTask<bool> EndsWithinAsync(Task task, TimeSpan patience)
    {
        if (task.IsCompleted)
            return true;

        using CancellationTokenSource done = new();
        Task silence = Task.Delay(patience, time, done.Token);
        await Task.WhenAny(task, silence).ConfigureAwait(false);
        await done.CancelAsync().ConfigureAwait(false);
        return task.IsCompleted;
    }
}
