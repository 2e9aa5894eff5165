using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Doctor;

/// <summary>Checks the clocks and the temperatures. Low clocks and high temperatures make the node slow.</summary>
internal static class ClockChecks
{
    private const string Remedy = "rkllama tune sets it until the next boot, systemctl enable --now rkllama-tune sets it at every boot";
    private const double MaxCelsius = 85;

    internal static IEnumerable<Finding> Npu(NodeSnapshot node) => [Device(node, CheckIds.NpuClock, "npu", "the NPU", "slower prefill and decode")];

    internal static IEnumerable<Finding> Ddr(NodeSnapshot node) => [Device(node, CheckIds.DdrClock, "ddr", "the memory (DDR)", "expect half the speed")];

    internal static IEnumerable<Finding> Cpus(NodeSnapshot node)
    {
        ClockReading[] clocks = [.. node.Hardware.Clocks.Where(static clock => clock.Name.StartsWith("cpu", StringComparison.Ordinal))];
        ClockReading[] slow = [.. clocks.Where(clock => !IsFast(node, clock))];
        yield return slow.Length == 0
            ? Finding.Ok(CheckIds.CpuClock, clocks.Length == 0 ? "this kernel has no CPU clocks to set" : "the CPUs run at their highest clocks")
            : Finding.Warning(CheckIds.CpuClock, string.Join(", ", slow.Select(Describe)) + ": every token waits for a CPU to wake up", Remedy);
    }

    internal static IEnumerable<Finding> Temperature(NodeSnapshot node)
    {
        TemperatureReading[] hot = [.. node.Hardware.Temperatures.Where(static zone => zone.Celsius >= MaxCelsius)];
        yield return hot.Length == 0
            ? Finding.Ok(CheckIds.Temperature, $"all zones are below {MaxCelsius:0} °C")
            : Finding.Warning(CheckIds.Temperature,
                string.Join(", ", hot.Select(static zone => FormattableString.Invariant($"{zone.Zone} has {zone.Celsius:0} °C"))) + ": the kernel lowers the clocks",
                "use a heat sink or a fan, or send fewer requests");
    }

    private static Finding Device(NodeSnapshot node, string id, string name, string what, string effect)
    {
        ClockReading clock = node.Hardware.Clock(name);
        if (clock.Hertz is null)
            return Finding.Ok(id, $"this kernel has no clock of {what} to set");
        return IsFast(node, clock)
            ? Finding.Ok(id, $"{what} runs at its highest clock")
            : Finding.Warning(id, $"{what} runs at {Describe(clock)}: {effect}", Remedy);
    }

    /// <summary>
    /// Whether the clock is fixed at the frequency that <c>rkllama tune</c> sets, or at a higher one. Governors other than <c>performance</c> and
    /// <c>userspace</c> follow the load. They raise the clock too late, because token generation loads the chip in short bursts.
    /// </summary>
    private static bool IsFast(NodeSnapshot node, ClockReading clock) => clock.Governor switch
    {
        "performance" => true,
        ClockDomain.Userspace => clock.Hertz >= Target(node, clock),
        _ => false,
    };

    /// <summary>The frequency that <c>rkllama tune</c> sets, in Hz; the clock's maximum if the chip is unknown; 0 if that is unknown, too.</summary>
    private static long Target(NodeSnapshot node, ClockReading clock) =>
        (Platform.Find(null, node.Files) ?? Platform.Find(node.Settings.TargetPlatform, node.Files))?.Clocks.FirstOrDefault(domain => domain.ReadingName == clock.Name) is { } domain
            ? domain.FindNearestFrequency(node.Files) / domain.UnitsPerMegahertz * 1_000_000
            : clock.MaxHertz ?? 0;

    private static string Describe(ClockReading clock) =>
        $"{(clock.Name.StartsWith("cpu", StringComparison.Ordinal) ? clock.Name + " at " : "")}{clock.Hertz / 1_000_000} of {clock.MaxHertz / 1_000_000} MHz, {(clock.Governor is { } governor ? "governor " + governor : "no governor")}";
}
