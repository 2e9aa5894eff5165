using System.Buffers.Text;

namespace RkLlama.Engine.Hardware;

/// <summary>The node's memory, from <c>/proc/meminfo</c>. A missing value is <see langword="null"/>.</summary>
/// <param name="TotalBytes">Memory that the kernel can use.</param>
/// <param name="AvailableBytes">Memory that the kernel estimates as available to programs.</param>
internal sealed record MemoryReading(long? TotalBytes, long? AvailableBytes)
{
    /// <summary>Reads both values from the content of <c>/proc/meminfo</c>.</summary>
    /// <param name="meminfo">The beginning of the file, in ASCII.</param>
    /// <returns><see langword="null"/> if the text has neither value.</returns>
    internal static MemoryReading? Parse(ReadOnlySpan<byte> meminfo)
    {
        MemoryReading memory = new(Find(meminfo, "MemTotal:"u8), Find(meminfo, "MemAvailable:"u8));
        return memory is { TotalBytes: null, AvailableBytes: null } ? null : memory;
    }

    private static long? Find(ReadOnlySpan<byte> meminfo, ReadOnlySpan<byte> key)
    {
        foreach (Range line in meminfo.Split((byte)'\n'))
        {
            if (meminfo[line].StartsWith(key))
                return Utf8Parser.TryParse(meminfo[line][key.Length..].TrimStart((byte)' '), out long kibibytes, out _) ? kibibytes << 10 : null;
        }

        return null;
    }
}
