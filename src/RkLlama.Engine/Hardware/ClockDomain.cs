using System.Globalization;

namespace RkLlama.Engine.Hardware;

/// <summary>One clock: where the kernel has it, and what it should be.</summary>
/// <param name="Name">For the operator: <c>NPU</c>, <c>CPU 0</c>.</param>
/// <param name="Folder">Its folder in sysfs.</param>
/// <param name="Prefix">What its files' names begin with: <c>scaling_</c> for CPUs.</param>
/// <param name="FrequencyFile">Takes the frequency while the governor is <c>userspace</c>; devfreq has it only then.</param>
/// <param name="Frequency">In the unit of its files.</param>
/// <param name="UnitsPerMegahertz">1000 for CPUs, whose files are in kHz, 1,000,000 for the rest.</param>
internal sealed record ClockDomain(string Name, string Folder, string Prefix, string FrequencyFile, long Frequency, int UnitsPerMegahertz)
{
    internal const string Userspace = "userspace";

    /// <summary>A clock that devfreq governs.</summary>
    internal static ClockDomain Device(string name, string device, long hertz) =>
        new(name, "/sys/class/devfreq/" + device, "", "userspace/set_freq", hertz, 1_000_000);

    /// <summary>The clock of a cluster of CPUs, named by the first of them.</summary>
    internal static ClockDomain Cpu(int first, long kilohertz) =>
        new($"CPU {first}", $"/sys/devices/system/cpu/cpufreq/policy{first}", "scaling_", "scaling_setspeed", kilohertz, 1000);

    public string Governor => $"{Folder}/{Prefix}governor";

    public string Governors => $"{Folder}/{Prefix}available_governors";

    public string Frequencies => $"{Folder}/{Prefix}available_frequencies";

    public string SetFrequency => $"{Folder}/{FrequencyFile}";

    /// <summary>What <see cref="NodeReading.Clocks"/> calls it.</summary>
    public string ReadingName => Name == "memory" ? "ddr" : Name.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>The frequency asked for; where the chip does not have it, the next lower one, or the lowest of all.</summary>
    public long Nearest(Sysfs sysfs)
    {
        long[] available = [.. sysfs.Words(Frequencies).Select(static word => long.TryParse(word, CultureInfo.InvariantCulture, out long value) ? value : 0).Where(static value => value > 0)];
        if (available.Length == 0 || available.Contains(Frequency))
            return Frequency;
        long[] lower = [.. available.Where(value => value < Frequency)];
        return lower.Length > 0 ? lower.Max() : available.Min();
    }
}
