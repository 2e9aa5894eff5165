namespace RkLlama.Engine.Residency;

/// <summary>The workers that are ending, and the memory that becomes free at their end. Not thread-safe.</summary>
internal sealed class EndingWorkers
{
    private readonly List<(Task End, long Bytes)> _workers = [];

    /// <summary>The estimated memory of the workers that have not ended yet, in bytes.</summary>
    internal long Bytes => _workers.Sum(static worker => worker.End.IsCompleted ? 0 : worker.Bytes);

    /// <summary>Completes when all of them have ended. Fails if one of them could not be ended.</summary>
    internal Task WhenAll => Task.WhenAll(_workers.Select(static worker => worker.End));

    /// <param name="end">Completes when the worker has ended.</param>
    /// <param name="bytes">The estimated memory of the worker, in bytes.</param>
    internal void Add(Task end, long bytes) => _workers.Add((end, bytes));

    /// <summary>Removes the workers that have ended.</summary>
    internal void RemoveEnded() => _workers.RemoveAll(static worker => worker.End.IsCompleted);
}
