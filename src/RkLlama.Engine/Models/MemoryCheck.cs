using RkLlama.Engine.Hardware;

namespace RkLlama.Engine.Models;

/// <summary>
/// Whether a model fits into memory, before the vendor library finds out: that one fails with "Bad address", or the kernel ends whatever is largest.
/// </summary>
internal static class MemoryCheck
{
    /// <summary>What the kernel says programs may still have, in bytes; <see langword="null"/> where it does not say.</summary>
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

    /// <summary>Null when the model may fit: a loaded model takes about the size of its file. Else a sentence with both numbers.</summary>
    internal static string? Describe(string modelPath, long? availableBytes)
    {
        return availableBytes is { } available && RealSize(modelPath) is { } size && size > available
            ? $"The model file '{modelPath}' has {Mebibytes(size)} MiB and only {Mebibytes(available)} MiB of memory are free; use a smaller model, or end what else runs on the node."
            : null;
    }

    /// <summary>Null for a file that has gone since it was looked at: the library will say so.</summary>
    private static long? RealSize(string path)
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
