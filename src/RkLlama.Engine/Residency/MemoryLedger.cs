using System.Collections.Concurrent;
using RkLlama.Engine.Hardware;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Residency;

/// <summary>The memory that a model needs, and that of the node.</summary>
/// <param name="Bytes">Estimated memory of the loaded model, in bytes; 0 if it is unknown.</param>
/// <param name="FileBytes">Size of the model file in bytes; 0 if it is unknown.</param>
/// <param name="Node">The memory of the node; <see langword="null"/> if it is unknown.</param>
internal sealed record MemoryDemand(long Bytes, long FileBytes, MemoryReading? Node)
{
    internal static MemoryDemand Unknown { get; } = new(0, 0, null);
}

/// <summary>
/// Estimates the memory of loaded models. Before the first load of a model, the estimate is the size of its file. After a load, it is the measured decrease of
/// the available memory, because the memory of the NPU driver does not belong to a process. Thread-safe.
/// </summary>
/// <param name="read">Reads the memory of the node; returns <see langword="null"/> if it cannot be read.</param>
internal sealed class MemoryLedger(Func<MemoryReading?> read)
{
    // Other processes change the available memory during a load. A measurement of more than this is not an estimate of the model.
    private const double MaxFactor = 1.5;
    private const long MaxExcess = 512L << 20;

    // In bytes, by the path of the model file.
    private readonly ConcurrentDictionary<string, long> _measured = new();

    /// <summary>
    /// Memory in bytes that stays available for other processes when a model is loaded beside another one: 5 % of the memory, at least 256 MiB.
    /// </summary>
    internal static long ReserveOf(long totalBytes) => Math.Max(totalBytes / 20, 256L << 20);

    /// <summary>Returns the memory of the node; <see langword="null"/> if it cannot be read.</summary>
    internal MemoryReading? Read() => read();

    /// <summary>
    /// Returns the estimated memory of a model, and the memory of the node at this moment. Reads the disk, so the caller must not hold a lock. The model keeps the result as its
    /// <see cref="ModelInstance.LastDemand"/>.
    /// </summary>
    internal MemoryDemand Measure(ModelInstance model)
    {
        long file = FileBytes(model);
        return model.LastDemand = new(Math.Max(file, _measured.GetValueOrDefault(model.Entry.ModelPath)), file, read());
    }

    /// <summary>Returns the size of the model file in bytes; 0 if it cannot be read.</summary>
    private static long FileBytes(ModelInstance model) => FileStatus.Of(model.Entry.ModelPath)?.Size ?? 0;

    /// <summary>Records the available memory before and after a load. Values that cannot be those of the model are limited.</summary>
    internal void RecordLoad(ModelInstance model, MemoryReading? before, MemoryReading? after)
    {
        if (before is not { AvailableBytes: { } free } || after is not { AvailableBytes: { } rest })
            return;
        long file = FileBytes(model);
        _measured[model.Entry.ModelPath] = Math.Clamp(free - rest, file, (long)(file * MaxFactor) + MaxExcess);
    }
}
