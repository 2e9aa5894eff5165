using System.Globalization;

namespace RkLlama.Server.Monitoring;

/// <summary>What the kernel says of memory, from files that cost nobody anything to read.</summary>
internal static class NodeMemory
{
    private static readonly int PageBytes = Environment.SystemPageSize;

    /// <summary>A line of <c>/proc/meminfo</c>, in bytes; <see langword="null"/> where there is none.</summary>
    internal static long? Read(string key, string path = "/proc/meminfo")
    {
        try
        {
            string? line = File.ReadLines(path).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal) && line.AsSpan(key.Length).StartsWith(":"));
            return line is not null && long.TryParse(line.AsSpan(key.Length + 1).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture, out long kibibytes)
                ? kibibytes << 10
                : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Resident memory of a process; <see langword="null"/> when it has gone. Not its proportional share: to add that up the kernel walks the tables of a
    /// model of gigabytes, and holds its process up meanwhile.
    /// </summary>
    internal static long? ResidentBytes(int process)
    {
        try
        {
            string[] fields = File.ReadAllText($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/statm").Split(' ');
            return long.TryParse(fields.ElementAtOrDefault(1), CultureInfo.InvariantCulture, out long pages) ? pages * PageBytes : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
