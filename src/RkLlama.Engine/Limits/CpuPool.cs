using RkLlama.Prompts;

namespace RkLlama.Engine.Limits;

/// <summary>
/// Runs the CPU work on the content of requests in the server process: parsing large bodies, rendering templates, tokenizing, checking schemas. The pool has
/// one thread for each core of the machine. This limits how many requests need memory for such work at the same time. The threads have a lower priority than
/// the other threads of the server, so the server answers health checks and sends tokens while the pool is busy. Work starts in the order in which it arrives.
/// Thread-safe.
/// </summary>
internal sealed class CpuPool : IDisposable
{
    /// <summary>The maximum processor time to build one prompt. Work that parses a body has the same limit, but does not check it.</summary>
    internal static readonly TimeSpan PromptTime = TimeSpan.FromSeconds(2);

    /// <summary>The maximum processor time to check one output against its JSON schema.</summary>
    internal static readonly TimeSpan SchemaTime = TimeSpan.FromMilliseconds(200);

    // Guarded by itself. Waiting work, oldest first.
    private readonly Queue<Action> _waiting = new();
    private bool _isDisposed;

    public CpuPool()
    {
        for (int i = 0; i < Environment.ProcessorCount; i++)
            new Thread(Run) { IsBackground = true, Name = "cpu pool" }.Start();
    }

    /// <summary>Runs work on a thread of the pool.</summary>
    /// <param name="limit">The maximum processor time of the work. It takes effect where the work checks its budget.</param>
    /// <param name="cancellationToken">Cancels the work, whether it waits or runs. The returned task then ends at once.</param>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    internal Task<T> RunAsync<T>(TimeSpan limit, Func<CpuBudget, T> work, CancellationToken cancellationToken)
    {
        TaskCompletionSource<T> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waiting)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _waiting.Enqueue(() => Complete(result, limit, work, cancellationToken));
            Monitor.Pulse(_waiting);
        }

        return result.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Ends the threads when they have finished their current work.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            _isDisposed = true;
            Monitor.PulseAll(_waiting);
        }
    }

    private static void Complete<T>(TaskCompletionSource<T> result, TimeSpan limit, Func<CpuBudget, T> work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            result.SetCanceled(cancellationToken);
            return;
        }

        try
        {
            result.SetResult(work(new CpuBudget(limit, CurrentThread.ProcessorTime, cancellationToken)));
        }
        catch (OperationCanceledException ex)
        {
            result.SetCanceled(ex.CancellationToken);
        }
        catch (Exception ex)
        {
            result.SetException(ex);
        }
    }

    private void Run()
    {
        CurrentThread.LowerPriority();
        while (Next() is { } work)
            work();
    }

    /// <summary>Waits for work and takes it. Returns null if the pool is disposed.</summary>
    private Action? Next()
    {
        lock (_waiting)
        {
            while (!_isDisposed)
            {
                if (_waiting.TryDequeue(out Action? work))
                    return work;
                Monitor.Wait(_waiting);
            }

            return null;
        }
    }
}
