using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;

namespace RkLlama.Server.Http.Requests;

/// <summary>
/// Limits the memory for the bodies of all requests together. Otherwise a few hundred connections with large bodies would take the memory that the model
/// needs. Any thread.
/// </summary>
internal sealed class RequestBodyBudget(NodeOptions options, NodeMetrics metrics)
{
    /// <summary>The first 64 KiB of each body are not counted: even with the maximum number of connections this is little memory.</summary>
    internal const int UncountedBytesPerBody = 64 << 10;

    /// <summary>Number of bodies of the maximum size that fit into the budget.</summary>
    internal const int MaxFullSizeBodies = 8;

    private readonly long _limit = (long)MaxFullSizeBodies * options.MaxRequestBytes;
    private long _taken;

    /// <returns><see langword="false"/> if the budget has fewer bytes left. Nothing is taken then.</returns>
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
