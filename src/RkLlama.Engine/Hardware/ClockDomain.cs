using System.Globalization;

namespace RkLlama.Engine.Hardware;

/// <summary>One clock of the board: its files in sysfs and its target frequency.</summary>
/// <param name="Name">The name in messages, such as <c>NPU</c> or <c>CPU 0</c>.</param>
/// <param name="Directory">The directory in sysfs.</param>
/// <param name="Prefix">Prefix of the file names: <c>scaling_</c> for CPUs, empty for all others.</param>
/// <param name="FrequencyFile">
/// The file to write the frequency to, relative to the directory. Works only while the governor is <c>userspace</c>; with another governor, devfreq does
/// not have the file.
/// </param>
/// <param name="TargetFrequency">The frequency that <c>rkllama tune</c> sets, in the unit of the files.</param>
/// <param name="UnitsPerMegahertz">1000 for CPUs, whose files are in kHz; 1,000,000 for all others.</param>
internal sealed record ClockDomain(string Name, string Directory, string Prefix, string FrequencyFile, long TargetFrequency, int UnitsPerMegahertz)
{
    internal const string Userspace = "userspace";

    /// <summary>Creates the clock of a device that devfreq controls.</summary>
    internal static ClockDomain Device(string name, string device, long hertz) =>
        new(name, "/sys/class/devfreq/" + device, "", "userspace/set_freq", hertz, 1_000_000);

    /// <summary>Creates the clock of a CPU cluster.</summary>
    /// <param name="first">Number of the first CPU of the cluster.</param>
    internal static ClockDomain Cpu(int first, long kilohertz) =>
        new($"CPU {first}", $"/sys/devices/system/cpu/cpufreq/policy{first}", "scaling_", "scaling_setspeed", kilohertz, 1000);

    public string GovernorPath => $"{Directory}/{Prefix}governor";

    public string AvailableGovernorsPath => $"{Directory}/{Prefix}available_governors";

    public string AvailableFrequenciesPath => $"{Directory}/{Prefix}available_frequencies";

    public string SetFrequencyPath => $"{Directory}/{FrequencyFile}";

    /// <summary>The name in <see cref="NodeReading.Clocks"/>.</summary>
    public string ReadingName => Name == "memory" ? "ddr" : Name.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>
    /// Returns the target frequency. If the chip does not support it, returns the next lower supported frequency, or the lowest one if all are higher.
    /// </summary>
    public long FindNearestFrequency(Sysfs sysfs)
    {
        long[] available = [.. sysfs.ReadWords(AvailableFrequenciesPath).Select(static word => long.TryParse(word, CultureInfo.InvariantCulture, out long value) ? value : 0).Where(static value => value > 0)];
        if (available.Length == 0 || available.Contains(TargetFrequency))
            return TargetFrequency;
        long[] lower = [.. available.Where(value => value < TargetFrequency)];
        return lower.Length > 0 ? lower.Max() : available.Min();
    }
}
