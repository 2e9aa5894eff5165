using System.Globalization;

namespace RkLlama.Server.Monitoring;

/// <summary>Memory of a process, as the kernel reports it in a file that is cheap to read.</summary>
internal static class ProcessMemory
{
    private static readonly int PageBytes = Environment.SystemPageSize;

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
