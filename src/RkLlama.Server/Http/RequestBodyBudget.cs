using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;

namespace RkLlama.Server.Http;

/// <summary>
/// Bounds what the bodies of all requests in the server have together: a few hundred connections with a large one each would take the memory that
/// the model needs. Any thread.
/// </summary>
internal sealed class RequestBodyBudget(NodeOptions options, NodeMetrics metrics)
{
    /// <summary>Bodies up to this many bytes are not counted: as many as there may be connections are not much.</summary>
    internal const int Free = 64 << 10;

    /// <summary>As many of the largest there may be at once.</summary>
    internal const int Largest = 8;

    private readonly long _limit = (long)Largest * options.MaxRequestBytes;
    private long _taken;

    /// <returns><see langword="false"/> when there is no room for so many bytes; nothing is taken then.</returns>
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
