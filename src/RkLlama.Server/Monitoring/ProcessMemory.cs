using System.Globalization;

namespace RkLlama.Server.Monitoring;

/// <summary>Reads the memory of a process from /proc/PID/statm, which takes little time.</summary>
internal static class ProcessMemory
{
    private static readonly int PageBytes = Environment.SystemPageSize;

    /// <summary>
    /// Returns the resident memory of a process in bytes; <see langword="null"/> if it cannot be read, for example because the process has ended. It is not the
    /// proportional set size (PSS): to compute that, the kernel walks the page tables of a model of several gigabytes, and blocks the process meanwhile.
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
