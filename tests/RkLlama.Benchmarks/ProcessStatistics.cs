using System.Globalization;

namespace RkLlama.Benchmarks;

/// <summary>Kernel statistics of a process, from <c>/proc</c>.</summary>
internal sealed class ProcessStatistics(int id)
{
    private static readonly double TicksPerSecond = 100;

    public int Id => id;

    /// <summary>CPU time so far, including threads that have ended. Its resolution is one clock tick.</summary>
    public TimeSpan Cpu
    {
        get
        {
            string[] fields = File.ReadAllText($"/proc/{id}/stat").Split(") ")[1].Split(' ');
            return TimeSpan.FromSeconds((Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
        }
    }

    /// <summary>Proportional set size in bytes: private memory plus the process's share of shared memory.</summary>
    public long Pss => Number(File.ReadLines($"/proc/{id}/smaps_rollup").Single(static line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(':')[1].Replace("kB", "").Trim()) << 10;

    /// <summary>Voluntary context switches of all threads: how often they blocked and were woken.</summary>
    public long WakeUps => Directory.EnumerateDirectories($"/proc/{id}/task").Sum(WakeUpsOf);

    /// <summary>The child processes.</summary>
    public IReadOnlyList<ProcessStatistics> Children =>
    [
        .. Directory.EnumerateDirectories($"/proc/{id}/task")
            .SelectMany(static task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(static child => new ProcessStatistics((int)Number(child))),
    ];

    private static long WakeUpsOf(string task)
    {
        try
        {
            return Number(
                File.ReadLines(Path.Combine(task, "status")).Single(static line => line.StartsWith("voluntary_ctxt_switches", StringComparison.Ordinal)).Split(':')[1]);
        }
        catch (IOException)
        {
            // The thread has ended.
            return 0;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
