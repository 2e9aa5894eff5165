using RkLlama.Engine.Models;

namespace RkLlama.Engine.Residency;

/// <summary>Where a model goes.</summary>
/// <param name="Evictions">The models, and additional KV slots of models, to evict before the load.</param>
/// <param name="Domain">The first NPU domain for the model.</param>
internal sealed record Placement(IReadOnlyList<Resident> Evictions, int Domain);

/// <summary>
/// Decides which resident models must be evicted before another model can be loaded: because of the number of models, the memory, or the NPU's address space.
/// If the memory or the address space is not enough, it first evicts additional KV slots, then models that the operator has not loaded, then the others; of each kind
/// the least recently used one first. A failed model has no worker, so it is evicted before others if there are too many models. Has no state and reads no files, because its
/// callers hold a lock.
/// </summary>
/// <param name="maxModels">The maximum number of resident models; <see langword="null"/> for one of each <see cref="ModelRole"/>.</param>
internal sealed class AdmissionPolicy(int? maxModels)
{
    // The NPU has several address spaces, which the vendor calls domains. Each has 4 GB: a model needs one for each 4,000,000,000 bytes. The encoders of vision models use domain 0.
    private const long DomainBytes = 4_000_000_000;
    private const int FirstDomain = 1;
    private const int LastDomain = 15;

    /// <summary>Number of domains for models.</summary>
    internal const int DomainCount = LastDomain - FirstDomain + 1;

    // The first version of the vendor library that supports several models.
    private static readonly Version FirstWithSeveralModels = new(1, 2, 2);

    /// <summary>Whether a second model can be resident at all.</summary>
    internal bool AllowsSeveral => maxModels is null or > 1;

    /// <summary>Chooses the models to evict before a model is loaded, and its domain.</summary>
    /// <param name="demand">The memory that the model needs.</param>
    /// <param name="residents">The resident models, the least recently used one first.</param>
    /// <param name="endingBytes">The estimated memory of workers that are ending, which will become available.</param>
    internal Placement Place(ModelInstance model, MemoryDemand demand, IReadOnlyList<Resident> residents, long endingBytes)
    {
        // OrderBy keeps the order of equal elements.
        Queue<Resident> remaining = new(residents.OrderBy(resident => Rank(resident, model)));
        List<Resident> evicted = [];
        while (remaining.Count > 0 && IsFull(model, remaining))
            evicted.Add(remaining.Dequeue());

        remaining = new(remaining.Where(static resident => resident.TotalBytes > 0 || resident.HoldsDomains));
        Queue<Resident> slots = new(remaining.SelectMany(static resident => resident.ExtraSlots).OrderBy(static slot => slot.Model.LastRun));
        while (remaining.Count > 0 && !(Fits(demand, endingBytes + BytesOf(evicted)) && FindDomain(demand.Bytes, remaining, evicted) is not null))
            evicted.Add(slots.TryDequeue(out Resident? slot) ? slot : remaining.Dequeue());
        return new(evicted, FindDomain(demand.Bytes, remaining, evicted) ?? FirstDomain);
    }

    /// <summary>Finds the place for an additional KV slot of a resident model, beside all that is in memory.</summary>
    /// <returns>The first NPU domain for it; <see langword="null"/> if there is no room.</returns>
    /// <inheritdoc cref="Place" path="/param"/>
    internal static int? PlaceSlot(ModelInstance model, MemoryDemand demand, IReadOnlyList<Resident> residents, long endingBytes) =>
        SupportsSeveral(model) && Fits(demand, endingBytes) ? FindDomain(demand.Bytes, residents, []) : null;

    /// <summary>
    /// Explains why a model cannot be loaded, even if all others are evicted. No others are evicted for a model that would then take the reserve. If there are no others, it may
    /// take the reserve.
    /// </summary>
    /// <param name="residentBytes">The estimated memory of all resident models and of workers that are ending.</param>
    /// <returns>A sentence with the sizes; <see langword="null"/> if the model can be loaded or a size is unknown.</returns>
    internal static string? FindProblem(ModelInstance model, MemoryDemand demand, long residentBytes) =>
        MemoryCheck.FindProblem(
            model.Entry.ModelPath, demand.FileBytes, demand.Node?.AvailableBytes + residentBytes, residentBytes > 0 ? MemoryLedger.ReserveOf(demand.Node?.TotalBytes ?? 0) : 0);

    // With one model of each role, the resident of the same role is evicted first, although it may be pinned: no other eviction makes a place for the model.
    private int Rank(Resident resident, ModelInstance model) =>
        maxModels is null && resident.Model.Role == model.Role ? 0 : !resident.HasWorker ? 1 : resident.Model.IsPinned ? 3 : 2;

    private bool IsFull(ModelInstance model, Queue<Resident> remaining)
    {
        if (remaining.Any(static resident => !SupportsSeveral(resident.Model)))
            return true;
        return maxModels is { } limit ? remaining.Count >= limit : remaining.Any(resident => resident.Model.Role == model.Role);
    }

    // While the version is unknown, because the worker restarts, the version does not count.
    internal static bool SupportsSeveral(ModelInstance model) =>
        model.Facts is not { } facts || (Version.TryParse(facts.RuntimeVersion, out Version? version) && version >= FirstWithSeveralModels);

    private static bool Fits(MemoryDemand demand, long freed) =>
        demand.Node is not { AvailableBytes: { } available }
        || demand.Bytes <= available + freed - MemoryLedger.ReserveOf(demand.Node.TotalBytes ?? 0);

    private static long BytesOf(IEnumerable<Resident> evicted) => evicted.SelectMany(static resident => resident.Workers).Distinct().Sum(static worker => worker.Bytes);

    /// <summary>
    /// Returns the first of as many consecutive domains as <paramref name="need"/> bytes take, all of them unused; <see langword="null"/> if there are none.
    /// </summary>
    private static int? FindDomain(long need, IEnumerable<Resident> residents, IReadOnlyList<Resident> evicted)
    {
        int width = DomainsOf(need);
        Resident[] workers = [.. residents.SelectMany(static resident => resident.Workers).Where(static worker => worker.HoldsDomains).Except(evicted)];
        for (int first = FirstDomain; first + width - 1 <= LastDomain; first++)
        {
            if (Array.TrueForAll(workers, worker => first + width <= worker.Domain || first >= worker.Domain + worker.DomainCount))
                return first;
        }

        return null;
    }

    /// <summary>Returns how many domains a model of this size takes.</summary>
    internal static int DomainsOf(long bytes) => (int)Math.Max(1, (bytes + DomainBytes - 1) / DomainBytes);
}
