using System.Globalization;

namespace RkLlama.Engine.Hardware;

/// <summary>The node's memory, from <c>/proc/meminfo</c>. A missing value is <see langword="null"/>.</summary>
/// <param name="TotalBytes">Memory that the kernel can use.</param>
/// <param name="AvailableBytes">Memory that the kernel estimates as available to programs.</param>
internal sealed record MemoryReading(long? TotalBytes, long? AvailableBytes)
{
    /// <summary>Reads both values from the content of <c>/proc/meminfo</c>.</summary>
    /// <returns><see langword="null"/> if the text has neither value.</returns>
    internal static MemoryReading? Parse(string meminfo)
    {
        MemoryReading memory = new(Find(meminfo, "MemTotal:"), Find(meminfo, "MemAvailable:"));
        return memory == new MemoryReading(null, null) ? null : memory;
    }

    private static long? Find(string meminfo, string key)
    {
        foreach (ReadOnlySpan<char> line in meminfo.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(key, StringComparison.Ordinal))
                return long.TryParse(line[key.Length..].Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture, out long kibibytes) ? kibibytes << 10 : null;
        }

        return null;
    }
}
