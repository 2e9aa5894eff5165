using System.Globalization;
using System.Text.RegularExpressions;

namespace RkLlama.Engine.Hardware;

/// <summary>
/// Reads what the guide reads by hand, and the clocks, temperatures and memory besides: some fifty small files of the kernel, a millisecond on a PC. Keeps
/// nothing, throws nothing, may be used by several at once.
/// </summary>
internal sealed partial class NpuReader(string root = "/")
{
    /// <summary>
    /// Where the driver's own files are: in debugfs, which is root's; where rkllama.service mounts them for itself; in procfs, where a kernel was built so. Never
    /// read is <c>freq</c>: it wakes the NPU to ask.
    /// </summary>
    private static readonly string[] DriverFolders = ["/sys/kernel/debug/rknpu", "/run/rkllama/rknpu", "/proc/rknpu"];

    private const string Devfreq = "/sys/class/devfreq";
    private const string Cpufreq = "/sys/devices/system/cpu/cpufreq";
    private const string Thermal = "/sys/class/thermal";

    private readonly Sysfs _sysfs = new(root);

    internal NodeReading Read()
    {
        List<MissingReading> missing = [];
        return new()
        {
            Platform = Platform.Find(null, _sysfs)?.Name ?? Miss<string>(missing, "platform", "the device tree names neither rk3588 nor rk3576"),
            DriverVersion = DriverVersion(missing),
            CoreLoads = CoreLoads(missing),
            Clocks = [Device("npu", ".npu", missing), Device("ddr", "dmc", missing), Device("gpu", ".gpu", missing), .. Cpus(missing)],
            Temperatures = Temperatures(missing),
            Memory = Memory(missing),
            Missing = missing,
        };
    }

    private string? DriverVersion(List<MissingReading> missing)
    {
        (string? text, string reason) = ReadDriver("version");

        // Everybody may read this one, where the driver says its version there.
        text ??= _sysfs.Read("/sys/module/rknpu/version");
        return text is null
            ? Miss<string>(missing, "driver_version", reason)
            : Version.Match(text) is { Success: true } version
                ? version.Value
                : Miss<string>(missing, "driver_version", $"the driver says '{text}', which has no version in it");
    }

    private int[]? CoreLoads(List<MissingReading> missing)
    {
        (string? text, string reason) = ReadDriver("load");
        if (text is null)
            return Miss<int[]>(missing, "load", reason);

        int[] loads = [.. Load.Matches(text).Select(static match => int.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out int percent) ? percent : 0)];
        return loads.Length > 0 ? loads : Miss<int[]>(missing, "load", $"the driver says '{text}', which is no load");
    }

    /// <summary>A file of the driver from the first place that has it; else why the place that was nearest to it does not give it.</summary>
    private (string? Text, string Reason) ReadDriver(string file)
    {
        (string Path, Absence Absence)? nearest = null;
        foreach (string path in DriverFolders.Select(folder => $"{folder}/{file}"))
        {
            (string? text, Absence? absence) = _sysfs.Look(path);
            if (text is not null)
                return (text, "");
            if (nearest is null || (nearest.Value.Absence == Absence.NotThere && absence != Absence.NotThere))
                nearest = (path, absence!.Value);
        }

        return (null, Describe(nearest!.Value.Path, nearest.Value.Absence));
    }

    private ClockReading Device(string name, string suffix, List<MissingReading> missing)
    {
        string? device = _sysfs.Entries(Devfreq, "").FirstOrDefault(entry => entry.EndsWith(suffix, StringComparison.Ordinal));
        if (device is null)
        {
            Miss<string>(missing, name, $"{Devfreq} has no {(suffix[0] == '.' ? "…" + suffix : suffix)}");
            return new(name, null, null, null);
        }

        string folder = $"{Devfreq}/{device}";
        long? hertz = ReadNumber(name, $"{folder}/cur_freq", missing);
        return new(name, hertz, Highest($"{folder}/available_frequencies") ?? _sysfs.Number($"{folder}/max_freq"), _sysfs.Read($"{folder}/governor"));
    }

    private List<ClockReading> Cpus(List<MissingReading> missing)
    {
        List<ClockReading> clocks = [];
        foreach (string policy in _sysfs.Entries(Cpufreq, "policy").OrderBy(static name => name.Length).ThenBy(static name => name, StringComparer.Ordinal))
        {
            string name = "cpu" + policy["policy".Length..], folder = $"{Cpufreq}/{policy}";
            long? kilohertz = ReadNumber(name, $"{folder}/scaling_cur_freq", missing);
            clocks.Add(new(name, kilohertz * 1000, _sysfs.Number($"{folder}/cpuinfo_max_freq") * 1000, _sysfs.Read($"{folder}/scaling_governor")));
        }

        if (clocks.Count == 0)
            Miss<string>(missing, "cpu", $"{Cpufreq} has no clocks");
        return clocks;
    }

    private long? Highest(string path)
    {
        long highest = 0;
        foreach (string word in _sysfs.Words(path))
            highest = long.TryParse(word, CultureInfo.InvariantCulture, out long hertz) ? Math.Max(highest, hertz) : highest;
        return highest > 0 ? highest : null;
    }

    private List<TemperatureReading> Temperatures(List<MissingReading> missing)
    {
        List<TemperatureReading> zones = [];
        foreach (string zone in _sysfs.Entries(Thermal, "thermal_zone").OrderBy(static name => name.Length).ThenBy(static name => name, StringComparer.Ordinal))
        {
            // In thousandths of a degree; a zone that is switched off gives none.
            if (_sysfs.Number($"{Thermal}/{zone}/temp") is { } thousandths)
                zones.Add(new(_sysfs.Read($"{Thermal}/{zone}/type") ?? zone, thousandths / 1000.0));
        }

        if (zones.Count == 0)
            Miss<string>(missing, "temperatures", $"{Thermal} has no zone that says its temperature");
        return zones;
    }

    private MemoryReading? Memory(List<MissingReading> missing)
    {
        (string? text, Absence? absence) = _sysfs.Look("/proc/meminfo");
        return text is null
            ? Miss<MemoryReading>(missing, "memory", Describe("/proc/meminfo", absence!.Value))
            : MemoryReading.Parse(text) ?? Miss<MemoryReading>(missing, "memory", "/proc/meminfo has no MemTotal and no MemAvailable");
    }

    private long? ReadNumber(string reading, string path, List<MissingReading> missing)
    {
        if (_sysfs.Number(path) is { } number)
            return number;

        (string? text, Absence? absence) = _sysfs.Look(path);
        Miss<string>(missing, reading, text is null ? Describe(path, absence!.Value) : $"{path} has '{text}', which is no number");
        return null;
    }

    private static T? Miss<T>(List<MissingReading> missing, string reading, string reason)
        where T : class
    {
        missing.Add(new(reading, reason));
        return null;
    }

    private static string Describe(string path, Absence absence) => absence switch
    {
        Absence.NotAllowed => $"no permission to read {path}, which is root's",
        Absence.NotThere => $"{path} is not there",
        _ => $"{path} cannot be read",
    };

    [GeneratedRegex(@"[0-9]+\.[0-9]+(\.[0-9]+)*")]
    private static partial Regex Version { get; }

    // "Core0: 45%, Core1:  0%," or a single " 45%"; some kernels print no digit for none.
    [GeneratedRegex(@"[: ] *([0-9]*)%")]
    private static partial Regex Load { get; }
}
