using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Doctor;

/// <summary>How fast the node may be.</summary>
internal static class ClockChecks
{
    private const string Remedy = "rkllama tune sets it until the next start, systemctl enable --now rkllama-tune for good";
    private const double HotCelsius = 85;

    internal static IEnumerable<Finding> Npu(Patient patient) => [Device(patient, CheckIds.NpuClock, "npu", "the NPU", "slower prefill and decode")];

    internal static IEnumerable<Finding> Ddr(Patient patient) => [Device(patient, CheckIds.DdrClock, "ddr", "the memory (DDR)", "expect half the speed")];

    internal static IEnumerable<Finding> Cpus(Patient patient)
    {
        ClockReading[] clocks = [.. patient.Hardware.Clocks.Where(static clock => clock.Name.StartsWith("cpu", StringComparison.Ordinal))];
        ClockReading[] slow = [.. clocks.Where(clock => !IsFast(patient, clock))];
        yield return slow.Length == 0
            ? Finding.Ok(CheckIds.CpuClock, clocks.Length == 0 ? "this kernel has no clocks of CPUs to set" : "the CPUs run at their highest clocks")
            : Finding.Warning(CheckIds.CpuClock, string.Join(", ", slow.Select(Describe)) + ": every token waits for a CPU to wake up", Remedy);
    }

    internal static IEnumerable<Finding> Temperature(Patient patient)
    {
        TemperatureReading[] hot = [.. patient.Hardware.Temperatures.Where(static zone => zone.Celsius >= HotCelsius)];
        yield return hot.Length == 0
            ? Finding.Ok(CheckIds.Temperature, $"all zones are below {HotCelsius:0} °C")
            : Finding.Warning(CheckIds.Temperature,
                string.Join(", ", hot.Select(static zone => FormattableString.Invariant($"{zone.Zone} has {zone.Celsius:0} °C"))) + ": the kernel lowers the clocks",
                "a heat sink, a fan, or fewer requests");
    }

    private static Finding Device(Patient patient, string id, string name, string what, string effect)
    {
        ClockReading clock = patient.Hardware.Clock(name);
        if (clock.Hertz is null)
            return Finding.Ok(id, $"this kernel has no clock of {what} to set");
        return IsFast(patient, clock)
            ? Finding.Ok(id, $"{what} runs at its highest clock")
            : Finding.Warning(id, $"{what} runs at {Describe(clock)}: {effect}", Remedy);
    }

    /// <summary>
    /// At the frequency of <c>rkllama tune</c>, and held there: a governor that decides by load clocks up too late for a load that comes in bursts.
    /// </summary>
    private static bool IsFast(Patient patient, ClockReading clock) => clock.Governor switch
    {
        "performance" => true,
        ClockDomain.Userspace => clock.Hertz >= Target(patient, clock),
        _ => false,
    };

    private static long Target(Patient patient, ClockReading clock) =>
        (Platform.Find(null, patient.Files) ?? Platform.Find(patient.Settings.TargetPlatform, patient.Files))?.Clocks.FirstOrDefault(domain => domain.ReadingName == clock.Name) is { } domain
            ? domain.Nearest(patient.Files) / domain.UnitsPerMegahertz * 1_000_000
            : clock.MaxHertz ?? 0;

    private static string Describe(ClockReading clock) =>
        $"{(clock.Name.StartsWith("cpu", StringComparison.Ordinal) ? clock.Name + " at " : "")}{clock.Hertz / 1_000_000} of {clock.MaxHertz / 1_000_000} MHz, decided by {clock.Governor ?? "nobody"}";
}
