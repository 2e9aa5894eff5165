namespace RkLlama.Server.Tuning;

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
}
