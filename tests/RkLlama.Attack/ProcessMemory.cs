using System.Globalization;

namespace RkLlama.Attack;

/// <summary>Reads memory and CPU time of a process from <c>/proc</c>. All sizes are RSS (resident set size) in MiB.</summary>
internal sealed class ProcessMemory(int process)
{
    // The unit of the times in /proc/PID/stat is 1/100 s on all Linux systems that .NET supports.
    private const double TicksPerSecond = 100;

    /// <summary>0 if the process has ended.</summary>
    internal double ResidentMiB => Status("VmRSS:");

    /// <summary>The largest size since <see cref="ResetPeak"/>. The kernel counts it, so no short peak is missed. 0 if the process has ended.</summary>
    internal double PeakMiB => Status("VmHWM:");

    /// <summary>The CPU time of all threads so far, in seconds.</summary>
    internal double CpuSeconds
    {
        get
        {
            string stat = Read("stat");
            if (stat.LastIndexOf(')') is not (> 0 and int end))
                return 0;
            string[] fields = stat[(end + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    internal void ResetPeak()
    {
        try
        {
            File.WriteAllText($"/proc/{process}/clear_refs", "5");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Without this permission, the peak includes the start of the server, which needs less than any attack.
        }
    }

    private double Status(string name)
    {
        string? line = Read("status").Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private string Read(string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
