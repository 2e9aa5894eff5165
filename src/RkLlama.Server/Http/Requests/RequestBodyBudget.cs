using System.Net;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Metrics;

namespace RkLlama.Server.Http.Requests;

/// <summary>
/// Limits the memory that the bodies of all requests use together. Without it, a few hundred connections with large bodies could take the memory that the model
/// needs. The requests of one address get at most half of it, so that one client cannot lock the others out. Thread-safe.
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
    private readonly Lock _lock = new();

    // Guarded by _lock: the bytes that the requests of each address have taken, without addresses that have none, and the bodies that are being read.
    private readonly Dictionary<IPAddress, long> _takenBy = [];
    private readonly HashSet<BodyReservation> _reading = [];
    private long _taken;

    /// <summary>Takes bytes from the budget.</summary>
    /// <param name="client">The address of the client.</param>
    /// <returns><see langword="false"/> if the budget, or the part for the client, has too few bytes left. Then it is unchanged.</returns>
    internal bool TryTake(IPAddress client, long bytes)
    {
        BodyReservation[] slow;
        lock (_lock)
        {
            long own = _takenBy.GetValueOrDefault(client) + bytes;
            if (own <= _limit / 2 && _taken + bytes <= _limit)
            {
                _taken += bytes;
                _takenBy[client] = own;
                return true;
            }

            slow = [.. _reading];
        }

        // The bodies that are on their way get less time, because others wait for their memory.
        foreach (BodyReservation body in slow)
            body.Hurry();
        metrics.RecordRejection(RejectionCause.Memory);
        return false;
    }

    internal void Return(IPAddress client, long bytes)
    {
        lock (_lock)
        {
            _taken -= bytes;
            if (_takenBy.GetValueOrDefault(client) - bytes is var rest and > 0)
                _takenBy[client] = rest;
            else
                _takenBy.Remove(client);
        }
    }

    internal void AddReading(BodyReservation body)
    {
        lock (_lock)
            _reading.Add(body);
    }

    internal void RemoveReading(BodyReservation body)
    {
        lock (_lock)
            _reading.Remove(body);
    }
}
