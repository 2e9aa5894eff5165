using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.Engine.Hardware;

/// <summary>
/// Reads the driver version and the load of the NPU, and the node's clocks, temperatures and memory, from about fifty small files in sysfs, procfs and
/// debugfs. One call reads all files, which takes about 1 ms on a PC. Caches nothing, throws no exceptions, and is thread-safe.
/// </summary>
/// <param name="root">The directory that contains <c>sys</c> and <c>proc</c>: <c>/</c>, or a copy in tests.</param>
internal sealed partial class HardwareReader(string root = "/")
{
    /// <summary>
    /// Directories that may have the NPU driver's files, in the order in which they are tried: the one in debugfs, which only root can read; its bind mount,
    /// which rkllama.service creates; the one in procfs, which some kernels have instead. The file <c>freq</c> is not read, because reading it wakes the NPU.
    /// </summary>
    private static readonly string[] DriverDirectories = ["/sys/kernel/debug/rknpu", "/run/rkllama/rknpu", "/proc/rknpu"];

    private const string Devfreq = "/sys/class/devfreq";
    private const string Cpufreq = "/sys/devices/system/cpu/cpufreq";
    private const string Thermal = "/sys/class/thermal";

    private readonly Sysfs _sysfs = new(root);

    internal NodeReading Read()
    {
        List<MissingReading> missing = [];
        return new()
        {
            Platform = Platform.Find(null, _sysfs)?.Name ?? AddMissing<string>(missing, "platform", "the device tree names neither rk3588 nor rk3576"),
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

        // All users can read this file, but not every driver has it.
        text ??= _sysfs.Read("/sys/module/rknpu/version");
        return text is null
            ? AddMissing<string>(missing, "driver_version", reason)
            : Version.Match(text) is { Success: true } version
                ? version.Value
                : AddMissing<string>(missing, "driver_version", $"the driver says '{text}', which has no version in it");
    }

    private int[]? CoreLoads(List<MissingReading> missing)
    {
        (string? text, string reason) = ReadDriver("load");
        if (text is null)
            return AddMissing<int[]>(missing, "load", reason);

        int[] loads = [.. Load.Matches(text).Select(static match => int.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out int percent) ? percent : 0)];
        return loads.Length > 0 ? loads : AddMissing<int[]>(missing, "load", $"the driver says '{text}', which is no load");
    }

    /// <summary>
    /// Reads a file of the driver from the first directory where it can be read. If this fails in all directories, returns a null text and the reason: the
    /// first error other than "not found", or the error of the first directory if all are "not found".
    /// </summary>
    private (string? Text, string Reason) ReadDriver(string file)
    {
        (string Path, ReadFailure Failure)? nearest = null;
        foreach (string path in DriverDirectories.Select(directory => $"{directory}/{file}"))
        {
            (string? text, ReadFailure? failure) = _sysfs.TryRead(path);
            if (text is not null)
                return (text, "");
            if (nearest is null || (nearest.Value.Failure == ReadFailure.NotFound && failure != ReadFailure.NotFound))
                nearest = (path, failure!.Value);
        }

        return (null, Describe(nearest!.Value.Path, nearest.Value.Failure));
    }

    private ClockReading Device(string name, string suffix, List<MissingReading> missing)
    {
        string? device = _sysfs.ListEntries(Devfreq, "").FirstOrDefault(entry => entry.EndsWith(suffix, StringComparison.Ordinal));
        if (device is null)
        {
            AddMissing<string>(missing, name, $"{Devfreq} has no {(suffix[0] == '.' ? "…" + suffix : suffix)}");
            return new(name, null, null, null);
        }

        string directory = $"{Devfreq}/{device}";
        long? hertz = ReadNumber(name, $"{directory}/cur_freq", missing);
        return new(name, hertz, Highest($"{directory}/available_frequencies") ?? _sysfs.ReadNumber($"{directory}/max_freq"), _sysfs.Read($"{directory}/governor"));
    }

    private List<ClockReading> Cpus(List<MissingReading> missing)
    {
        List<ClockReading> clocks = [];
        foreach (string policy in _sysfs.ListEntries(Cpufreq, "policy").OrderBy(static name => name.Length).ThenBy(static name => name, StringComparer.Ordinal))
        {
            string name = "cpu" + policy["policy".Length..], directory = $"{Cpufreq}/{policy}";
            long? kilohertz = ReadNumber(name, $"{directory}/scaling_cur_freq", missing);
            clocks.Add(new(name, kilohertz * 1000, _sysfs.ReadNumber($"{directory}/cpuinfo_max_freq") * 1000, _sysfs.Read($"{directory}/scaling_governor")));
        }

        if (clocks.Count == 0)
            AddMissing<string>(missing, "cpu", $"{Cpufreq} has no clocks");
        return clocks;
    }

    private long? Highest(string path)
    {
        long highest = 0;
        foreach (string word in _sysfs.ReadWords(path))
            highest = long.TryParse(word, CultureInfo.InvariantCulture, out long hertz) ? Math.Max(highest, hertz) : highest;
        return highest > 0 ? highest : null;
    }

    private List<TemperatureReading> Temperatures(List<MissingReading> missing)
    {
        List<TemperatureReading> zones = [];
        foreach (string zone in _sysfs.ListEntries(Thermal, "thermal_zone").OrderBy(static name => name.Length).ThenBy(static name => name, StringComparer.Ordinal))
        {
            // The unit is 0.001 °C. A disabled zone has no value and is left out.
            if (_sysfs.ReadNumber($"{Thermal}/{zone}/temp") is { } thousandths)
                zones.Add(new(_sysfs.Read($"{Thermal}/{zone}/type") ?? zone, thousandths / 1000.0));
        }

        if (zones.Count == 0)
            AddMissing<string>(missing, "temperatures", $"{Thermal} has no zone with a temperature");
        return zones;
    }

    private MemoryReading? Memory(List<MissingReading> missing)
    {
        (string? text, ReadFailure? failure) = _sysfs.TryRead("/proc/meminfo");
        return text is null
            ? AddMissing<MemoryReading>(missing, "memory", Describe("/proc/meminfo", failure!.Value))
            : MemoryReading.Parse(Encoding.UTF8.GetBytes(text)) ?? AddMissing<MemoryReading>(missing, "memory", "/proc/meminfo has no MemTotal and no MemAvailable");
    }

    private long? ReadNumber(string reading, string path, List<MissingReading> missing)
    {
        if (_sysfs.ReadNumber(path) is { } number)
            return number;

        (string? text, ReadFailure? failure) = _sysfs.TryRead(path);
        AddMissing<string>(missing, reading, text is null ? Describe(path, failure!.Value) : $"{path} has '{text}', which is no number");
        return null;
    }

    private static T? AddMissing<T>(List<MissingReading> missing, string reading, string reason)
        where T : class
    {
        missing.Add(new(reading, reason));
        return null;
    }

    private static string Describe(string path, ReadFailure failure) => failure switch
    {
        ReadFailure.AccessDenied => $"no permission to read {path}, which belongs to root",
        ReadFailure.NotFound => $"{path} is not there",
        _ => $"{path} cannot be read",
    };

    [GeneratedRegex(@"[0-9]+\.[0-9]+(\.[0-9]+)*")]
    private static partial Regex Version { get; }

    // Matches each percentage in "Core0: 45%, Core1:  0%," or a single " 45%". Some kernels print no digit for 0.
    [GeneratedRegex(@"[: ] *([0-9]*)%")]
    private static partial Regex Load { get; }
}
