using System.Globalization;

namespace RkLlama.Benchmarks;

/// <summary>What the kernel counts of a process.</summary>
internal sealed class ProcessStatistics(int id)
{
    private static readonly double TicksPerSecond = 100;

    public int Id => id;

    /// <summary>Time on a processor so far. The kernel counts in nanoseconds per thread; threads that have ended are in the ticks of the process only.</summary>
    public TimeSpan Cpu
    {
        get
        {
            string[] fields = File.ReadAllText($"/proc/{id}/stat").Split(") ")[1].Split(' ');
            return TimeSpan.FromSeconds((Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
        }
    }

    /// <summary>Memory of its own and its share of what it shares, in bytes.</summary>
    public long Pss => Number(File.ReadLines($"/proc/{id}/smaps_rollup").Single(static line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "").Trim()) << 10;

    /// <summary>How often its threads have gone to sleep, which is how often they were woken.</summary>
    public long WakeUps => Directory.EnumerateDirectories($"/proc/{id}/task").Sum(static task => Number(
        File.ReadLines(Path.Combine(task, "status")).Single(static line => line.StartsWith("voluntary_ctxt_switches", StringComparison.Ordinal)).Split(':')[1]));

    /// <summary>The processes that it has started.</summary>
    public IReadOnlyList<ProcessStatistics> Children =>
    [
        .. Directory.EnumerateDirectories($"/proc/{id}/task")
            .SelectMany(static task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(static child => new ProcessStatistics((int)Number(child))),
    ];

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
