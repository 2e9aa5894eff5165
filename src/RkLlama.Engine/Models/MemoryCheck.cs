using RkLlama.Engine.Hardware;

namespace RkLlama.Engine.Models;

/// <summary>
/// Checks that a model fits into memory before the vendor library loads it. If a model does not fit, the library fails with "Bad address", or the
/// kernel kills the largest process.
/// </summary>
internal static class MemoryCheck
{
    /// <summary>Memory that the kernel estimates as available, in bytes; <see langword="null"/> if unknown.</summary>
    internal static long? AvailableBytes(string path = "/proc/meminfo")
    {
        try
        {
            return MemoryReading.Parse(File.ReadAllText(path))?.AvailableBytes;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Compares the size of the model file with the available memory, because a loaded model needs about as much memory as its file.</summary>
    /// <param name="availableBytes">From <see cref="AvailableBytes"/>; <see langword="null"/> skips the check.</param>
    /// <returns><see langword="null"/> if the model may fit; otherwise a sentence with both sizes.</returns>
    internal static string? FindProblem(string modelPath, long? availableBytes)
    {
        return availableBytes is { } available && FileSize(modelPath) is { } size && size > available
            ? $"The model file '{modelPath}' has {Mebibytes(size)} MiB and only {Mebibytes(available)} MiB of memory are free; use a smaller model, or end what else runs on the node."
            : null;
    }

    /// <summary>Size in bytes; null if the file cannot be read. The library reports that error.</summary>
    private static long? FileSize(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return file.Length;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long Mebibytes(long bytes) => bytes >> 20;
}
