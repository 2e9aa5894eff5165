using System.Globalization;

namespace RkLlama.Server.Monitoring;

/// <summary>Memory of a process, from /proc/PID/statm, which is cheap to read.</summary>
internal static class ProcessMemory
{
    private static readonly int PageBytes = Environment.SystemPageSize;

    /// <summary>
    /// Resident memory of a process in bytes; <see langword="null"/> if the process has ended. Not its proportional set size: to compute that, the kernel walks
    /// the page tables of a model of several gigabytes, and blocks the process meanwhile.
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
