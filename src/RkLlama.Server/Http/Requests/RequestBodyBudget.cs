using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;

namespace RkLlama.Server.Http.Requests;

/// <summary>
/// Limits the memory that the bodies of all requests use together. Without it, a few hundred connections with large bodies could take the memory that the model
/// needs. Thread-safe.
/// </summary>
internal sealed class RequestBodyBudget(NodeOptions options, NodeMetrics metrics)
{
    /// <summary>The first 4 KiB of each body are not counted, because they need little memory even with the maximum number of connections.</summary>
    internal const int UncountedBytesPerBody = 4 << 10;

    /// <summary>The minimum size of the budget, in bytes.</summary>
    internal const long MinLimit = 16 << 20;

    /// <summary>The size of the budget, as a number of bodies of the maximum size, if that is more than <see cref="MinLimit"/>.</summary>
    internal const int MaxFullSizeBodies = 2;

    private readonly long _limit = Math.Max(MinLimit, (long)MaxFullSizeBodies * options.MaxRequestBytes);
    private long _taken;

    /// <summary>Takes bytes from the budget.</summary>
    /// <returns><see langword="false"/> if the budget has too few bytes left. Then it is unchanged.</returns>
    internal bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= _limit)
            return true;
        Return(bytes);
        metrics.RecordRejection(RejectionCause.Memory);
        return false;
    }

    internal void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
