using System.Runtime.CompilerServices;

namespace RkLlama.Server.Http.Requests;

/// <summary>
/// An awaitable that lets the pool thread do all other queued work first. <see cref="Task.Yield"/> does not: it puts the rest of the method into the thread's
/// own queue, which the thread empties before it looks at the shared queue. So a loop that awaits it can delay all other requests.
/// </summary>
internal readonly struct SharedQueueYield : ICriticalNotifyCompletion
{
    /// <summary>Always false, so that the rest of the method is queued.</summary>
    public bool IsCompleted => false;

    public SharedQueueYield GetAwaiter() => this;

    public void GetResult()
    {
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => ThreadPool.QueueUserWorkItem(static rest => rest(), continuation, preferLocal: false);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static rest => rest(), continuation, preferLocal: false);
}
