namespace RkLlama.Prompts;

/// <summary>
/// Limits the processor time of one piece of work on input from outside, such as building a prompt, and lets the caller cancel it. The work calls
/// <see cref="IsExceeded"/> at short intervals. Wall-clock time does not count, so that load on the machine does not fail other requests. Used by the thread
/// that does the work.
/// </summary>
/// <param name="limit">The maximum processor time, measured from the construction of this object.</param>
/// <param name="clock">Returns the processor time that the calling thread has used.</param>
/// <param name="cancellationToken">Cancels the work.</param>
public sealed class CpuBudget(TimeSpan limit, Func<TimeSpan> clock, CancellationToken cancellationToken)
{
    private readonly TimeSpan _start = clock();

    /// <summary>Creates a budget without a limit of time.</summary>
    public static CpuBudget Unlimited(CancellationToken cancellationToken = default) => new(TimeSpan.MaxValue, static () => TimeSpan.Zero, cancellationToken);

    /// <summary>The processor time that the work has used so far.</summary>
    public TimeSpan Used => clock() - _start;

    /// <summary>Whether the work has used more processor time than the limit. A call takes less than 1 µs.</summary>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public bool IsExceeded()
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Used > limit;
    }
}
