using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Residency;

namespace RkLlama.Server.Monitoring;

/// <summary>
/// The figures of the resident models and of their memory, for <c>/health</c>, <c>/api/ps</c> and <c>/node/status</c>, so that all of them report the same. A model counts
/// once, with the memory and the domains of all its KV slots.
/// </summary>
internal static class ResidentReport
{
    /// <summary>Returns the memory of the node and what of it is free for models; <see langword="null"/> if it is unknown.</summary>
    internal static HealthMemory? MemoryOf(MemoryReading? reading, IReadOnlyList<Resident> residents)
    {
        if (reading is not { TotalBytes: { } total, AvailableBytes: { } available })
            return null;
        long reserved = MemoryLedger.ReserveOf(total);
        return new(
            total,
            available,
            reserved,
            Math.Max(0, available - reserved),
            residents.Sum(static resident => resident.TotalBytes),
            AdmissionPolicy.DomainCount - residents.Sum(static resident => DomainsOf(resident).Count()));
    }

    /// <summary>Returns the NPU domains of a model, in ascending order. Empty if it has failed and is not started again.</summary>
    internal static IEnumerable<int> DomainsOf(Resident resident) => resident.Workers
        .Where(static worker => worker.HoldsDomains)
        .SelectMany(static worker => Enumerable.Range(worker.Domain, worker.DomainCount))
        .Order();

    /// <summary>Returns the number of workers of a model; <see langword="null"/> if it is one.</summary>
    internal static int? SlotsOf(Resident resident) => resident.ExtraSlots.Count is > 0 and var extra ? extra + 1 : null;
}
