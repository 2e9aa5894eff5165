using System.Globalization;

namespace RkLlama.Engine.Hardware;

/// <summary>One clock of the board: its files in sysfs and its target frequency.</summary>
/// <param name="Name">The name in messages, such as <c>NPU</c> or <c>CPU 0</c>.</param>
/// <param name="Directory">Full path of the directory with the files.</param>
/// <param name="Prefix">Prefix of the file names: <c>scaling_</c> for CPUs, empty for all others.</param>
/// <param name="FrequencyFile">
/// The file to write the frequency to, relative to the directory. Only the governor <c>userspace</c> uses it; with other governors, the file of a devfreq
/// device does not exist.
/// </param>
/// <param name="TargetFrequency">The frequency that <c>rkllama tune</c> sets: in kHz for CPUs, in Hz for all others.</param>
/// <param name="UnitsPerMegahertz">Factor from MHz to the unit of the files: 1000 for CPUs (kHz), 1,000,000 for all others (Hz).</param>
internal sealed record ClockDomain(string Name, string Directory, string Prefix, string FrequencyFile, long TargetFrequency, int UnitsPerMegahertz)
{
    internal const string Userspace = "userspace";

    /// <summary>Creates the clock of a device that the kernel's devfreq framework controls.</summary>
    /// <param name="device">Name of the device's directory in <c>/sys/class/devfreq</c>.</param>
    /// <param name="hertz">The target frequency.</param>
    internal static ClockDomain Device(string name, string device, long hertz) =>
        new(name, "/sys/class/devfreq/" + device, "", "userspace/set_freq", hertz, 1_000_000);

    /// <summary>Creates the clock of a CPU cluster.</summary>
    /// <param name="first">Number of the first CPU of the cluster.</param>
    /// <param name="kilohertz">The target frequency.</param>
    internal static ClockDomain Cpu(int first, long kilohertz) =>
        new($"CPU {first}", $"/sys/devices/system/cpu/cpufreq/policy{first}", "scaling_", "scaling_setspeed", kilohertz, 1000);

    public string GovernorPath => $"{Directory}/{Prefix}governor";

    public string AvailableGovernorsPath => $"{Directory}/{Prefix}available_governors";

    public string AvailableFrequenciesPath => $"{Directory}/{Prefix}available_frequencies";

    public string SetFrequencyPath => $"{Directory}/{FrequencyFile}";

    /// <summary>The name of this clock in <see cref="NodeReading.Clocks"/>, such as <c>npu</c> or <c>cpu0</c>.</summary>
    public string ReadingName => Name == "memory" ? "ddr" : Name.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>
    /// Returns the supported frequency to set, in the unit of <see cref="TargetFrequency"/>: the target, else the next lower one, else the lowest one. If
    /// the supported frequencies are unknown, returns the target.
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
