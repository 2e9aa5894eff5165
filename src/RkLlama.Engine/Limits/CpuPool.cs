using System.Runtime.CompilerServices;
using RkLlama.Prompts;

namespace RkLlama.Engine.Limits;

/// <summary>
/// Runs the CPU work on the content of requests in the server process: parsing large bodies, rendering templates, tokenizing, checking schemas. The pool has
/// at most one thread for each core of the machine. This limits how many requests need memory for such work at the same time. The threads have a lower priority
/// than the other threads of the server, so the server answers health checks and sends tokens while the pool is busy. Thread-safe.
/// </summary>
internal sealed class CpuPool : IDisposable
{
    /// <summary>The maximum processor time to build one prompt, and to parse one body.</summary>
    internal static readonly TimeSpan PromptTime = TimeSpan.FromSeconds(2);

    /// <summary>The maximum processor time to check the output of a request against its JSON schema, in both turns together.</summary>
    internal static readonly TimeSpan SchemaTime = TimeSpan.FromMilliseconds(200);

    // How long a thread waits for work before it ends. The buffers that .NET keeps for each thread are then free.
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(1);

    private static readonly int MaxThreads = Environment.ProcessorCount;

    // The maximum number of threads that work on one lane at a time. One thread is left for the other lanes, unless the machine has one core.
    private static readonly int MaxThreadsPerLane = Math.Max(1, MaxThreads - 1);

    // Cancelled by CloseAsync, and at the end of the time of CancelAfter.
    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationTokenSource _cancelled = new();

    // Guards the fields below. Threads that have no work wait for its pulse.
    private readonly object _lock = new();

    // The lanes that have waiting or running work, by name.
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    // The lanes whose oldest work can start. They take turns.
    private readonly Queue<Lane> _ready = new();
    private int _threads;
    private int _idleThreads;
    private bool _isDisposed;

    public CpuPool() => Closed = _closed.Token;

    /// <summary>Cancelled when the server begins to stop. Then no request gets the NPU any more, so the preparation of requests is of no use.</summary>
    internal CancellationToken Closed { get; }

    /// <summary>The memory that is freed if work of this pool needs more than the heap has.</summary>
    internal SpareMemory Spare { get; } = new();

    /// <summary>Runs work on a thread of the pool.</summary>
    /// <param name="lane">
    /// What the work belongs to, such as the name of a model. Lanes take turns, and a lane uses all threads but one. So slow work of one lane does not keep the
    /// work of the others waiting. Within a lane, work starts in the order in which it arrives.
    /// </param>
    /// <param name="limit">The maximum processor time of the work. It takes effect where the work checks its budget.</param>
    /// <param name="cancellationToken">Cancels the work, whether it waits or runs. The returned task then ends at once.</param>
    /// <param name="isForOutput">Whether the work is on the output of a run. Then <see cref="CloseAsync"/> does not cancel it.</param>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    internal async Task<T> RunAsync<T>(string lane, TimeSpan limit, Func<CpuBudget, T> work, CancellationToken cancellationToken, bool isForOutput = false)
    {
        // A thread may check the token after this is disposed, which is allowed.
        using CancellationTokenSource ended =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, isForOutput ? _cancelled.Token : Closed);
        Work<T> item = new(Spare, limit, work, ended.Token);
        Add(lane, item);
        try
        {
            return await item.WaitAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new DrainingException();
        }
    }

    /// <summary>Cancels all present and future work, except work on the output of runs.</summary>
    internal Task CloseAsync() => _closed.CancelAsync();

    /// <summary>Cancels all work after a time.</summary>
    internal void CancelAfter(TimeSpan time) => _cancelled.CancelAfter(time);

    private void Add(string lane, Work item)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_lanes.TryGetValue(lane, out Lane? own))
                _lanes[lane] = own = new(lane);
            own.Waiting.Enqueue(item);
            Offer(own);
        }
    }

    /// <summary>Ends the threads when they have finished their current work.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Monitor.PulseAll(_lock);
        }

        _closed.Dispose();
        _cancelled.Dispose();
    }

    /// <summary>The method of the threads: does one work after the other, until there has been none for <see cref="IdleTime"/>.</summary>
    private void Run()
    {
        CurrentThread.LowerPriority();
        while (RunNext())
        {
        }
    }

    /// <summary>
    /// Waits for work and does it. A method of its own, because its variables must not keep the result of the last work in memory while the thread waits for the
    /// next one.
    /// </summary>
    /// <returns>Whether the thread goes on.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RunNext()
    {
        if (Next() is not var (lane, work))
            return false;
        try
        {
            work.Execute();
        }
        catch (OutOfMemoryException)
        {
            // There was no memory to pass on the result. The thread goes on, because an exception here would end the process.
        }

        lock (_lock)
        {
            lane.Running--;
            Offer(lane);
            if (lane is { Running: 0, Waiting.Count: 0 })
                _lanes.Remove(lane.Name);
        }

        return true;
    }

    /// <summary>Waits for work and takes it. Returns null if the thread must end.</summary>
    private (Lane Lane, Work Work)? Next()
    {
        lock (_lock)
        {
            bool isIdle = false;
            while (!_isDisposed && !(isIdle && _ready.Count == 0))
            {
                if (_ready.TryDequeue(out Lane? lane))
                {
                    lane.IsReady = false;
                    lane.Running++;
                    Work work = lane.Waiting.Dequeue();
                    Offer(lane);
                    return (lane, work);
                }

                _idleThreads++;
                isIdle = !Monitor.Wait(_lock, IdleTime);
                _idleThreads--;
            }

            _threads--;
            return null;
        }
    }

    /// <summary>
    /// Adds the lane to the lanes that are ready, at the end. Does nothing if the lane is already there, has no waiting work, or uses all its threads. The caller
    /// holds the lock.
    /// </summary>
    private void Offer(Lane lane)
    {
        if (lane.IsReady || lane.Running >= MaxThreadsPerLane || lane.Waiting.Count == 0)
            return;
        lane.IsReady = true;
        _ready.Enqueue(lane);
        Monitor.Pulse(_lock);
        if (_ready.Count > _idleThreads && _threads < MaxThreads)
            StartThread();
    }

    /// <summary>Starts a thread. The caller holds the lock.</summary>
    private void StartThread()
    {
        _threads++;
        try
        {
            new Thread(Run) { IsBackground = true, Name = "cpu pool" }.Start();
        }
        catch (Exception ex) when (ex is OutOfMemoryException or ThreadStartException)
        {
            // The next work tries again. Until then, the other threads do this work, too.
            if (--_threads == 0)
                throw;
        }
    }

    /// <summary>One piece of work.</summary>
    private abstract class Work
    {
        /// <summary>Does the work on the calling thread, unless it was cancelled.</summary>
        internal abstract void Execute();
    }

    private sealed class Work<T> : Work
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SpareMemory _spare;
        private readonly TimeSpan _limit;
        private readonly CancellationToken _cancellationToken;
        private readonly CancellationTokenRegistration _cancelled;

        // Null after the start and after a cancellation, so that waiting work that was cancelled does not keep the memory of its request.
        private Func<CpuBudget, T>? _work;

        internal Work(SpareMemory spare, TimeSpan limit, Func<CpuBudget, T> work, CancellationToken cancellationToken)
        {
            (_spare, _limit, _work, _cancellationToken) = (spare, limit, work, cancellationToken);
            _cancelled = cancellationToken.UnsafeRegister(static state => ((Work<T>)state!)._work = null, this);
        }

        internal Task<T> WaitAsync() => _result.Task.WaitAsync(_cancellationToken);

        internal override void Execute()
        {
            T value;
            try
            {
                _cancelled.Unregister();
                if (Interlocked.Exchange(ref _work, null) is not { } work)
                {
                    _result.TrySetCanceled(_cancellationToken);
                    return;
                }

                value = _spare.Use(() => work(new CpuBudget(_limit, CurrentThread.ProcessorTime, _cancellationToken)));
            }
            catch (OperationCanceledException ex)
            {
                _result.TrySetCanceled(ex.CancellationToken);
                return;
            }
            catch (Exception ex)
            {
                _result.TrySetException(ex);
                return;
            }

            _result.TrySetResult(value);
        }
    }

    /// <summary>The work of one lane.</summary>
    private sealed class Lane(string name)
    {
        internal string Name => name;

        internal Queue<Work> Waiting { get; } = new();

        internal int Running { get; set; }

        /// <summary>Whether the lane is in the queue of the lanes that are ready.</summary>
        internal bool IsReady { get; set; }
    }
}
