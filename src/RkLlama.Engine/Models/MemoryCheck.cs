using RkLlama.Engine.Hardware;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models;

/// <summary>
/// Checks that a model fits into memory before the vendor library loads it. If the library loads a model that does not fit, the load fails with "Bad
/// address", or the kernel's out-of-memory killer ends a process.
/// </summary>
internal static class MemoryCheck
{
    // The kernel returns the file with one read. The values that are used are in its first lines.
    private const int ReadBytes = 4096;

    /// <summary>Reads the memory of the node. Returns <see langword="null"/> if it is unknown. Each health check calls this, so it allocates little.</summary>
    /// <param name="path">The file to read: <c>/proc/meminfo</c>, except in tests.</param>
    internal static MemoryReading? Read(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            Span<byte> content = stackalloc byte[ReadBytes];
            return MemoryReading.Parse(content[..file.Read(content)]);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Compares the size of the model file with the available memory, because a loaded model needs about as much memory as its file.</summary>
    /// <param name="modelPath">Path of the .rkllm file.</param>
    /// <param name="availableBytes">Memory in bytes, <see langword="null"/> skips the check.</param>
    /// <returns>A sentence with both sizes if the file is larger than the memory; <see langword="null"/> if it fits or a size is unknown.</returns>
    internal static string? FindProblem(string modelPath, long? availableBytes) => FindProblem(modelPath, FileSize(modelPath) ?? 0, availableBytes);

    /// <inheritdoc cref="FindProblem(string, long?)"/>
    /// <param name="fileBytes">Size of the file in bytes; 0 if it is unknown.</param>
    /// <param name="reserveBytes">Part of the available memory that must stay free.</param>
    internal static string? FindProblem(string modelPath, long fileBytes, long? availableBytes, long reserveBytes = 0)
    {
        if (availableBytes is not { } available || fileBytes <= available - reserveBytes)
            return null;
        string reserve = reserveBytes > 0 ? $", besides the reserve of {Mebibytes(reserveBytes)} MiB" : "";
        return $"The model file '{modelPath}' has {Mebibytes(fileBytes)} MiB and only {Mebibytes(Math.Max(0, available - reserveBytes))} MiB of memory are free{reserve}; use a smaller model, or end what else runs on the node.";
    }

    /// <summary>Returns the size in bytes; null if the file cannot be found. <see cref="ModelFileCheck"/> reports such files.</summary>
    private static long? FileSize(string path) => FileStatus.Of(path)?.Size;

    private static long Mebibytes(long bytes) => bytes >> 20;
}
