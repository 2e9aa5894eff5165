namespace RkLlama.Engine.Hardware;

/// <summary>
/// A supported chip and the clocks that <c>rkllama tune</c> sets on it. The frequencies are those of the scripts <c>fix_freq_*.sh</c> of the Python service,
/// which RkLlama replaces.
/// </summary>
/// <param name="Name">The name of the chip, as in <c>--target_platform</c>: <c>rk3588</c> or <c>rk3576</c>.</param>
internal sealed record Platform(string Name, IReadOnlyList<ClockDomain> Clocks)
{
    private const string DeviceTree = "/sys/firmware/devicetree/base/compatible";

    internal static readonly Platform Rk3588 = new("rk3588",
    [
        ClockDomain.Device("NPU", "fdab0000.npu", 1_000_000_000),
        ClockDomain.Cpu(0, 1_800_000),
        ClockDomain.Cpu(4, 2_352_000),
        ClockDomain.Cpu(6, 2_352_000),
        ClockDomain.Device("GPU", "fb000000.gpu", 1_000_000_000),
        ClockDomain.Device("memory", "dmc", 2_112_000_000),
    ]);

    internal static readonly Platform Rk3576 = new("rk3576",
    [
        ClockDomain.Device("NPU", "27700000.npu", 1_000_000_000),
        ClockDomain.Cpu(0, 2_208_000),
        ClockDomain.Cpu(4, 2_304_000),
        ClockDomain.Device("GPU", "27800000.gpu", 950_000_000),
        ClockDomain.Device("memory", "dmc", 2_112_000_000),
    ]);

    /// <summary>Finds a chip by its name, or the chip of this node by its device tree.</summary>
    /// <param name="named">The name; <see langword="null"/> to read the device tree.</param>
    /// <returns><see langword="null"/> if the chip is unknown or not supported.</returns>
    internal static Platform? Find(string? named, Sysfs sysfs)
    {
        Platform[] all = [Rk3588, Rk3576];
        if (named is not null)
            return Array.Find(all, platform => platform.Name == named);

        // The file is a list of NUL-terminated names such as rockchip,rk3588s.
        string compatible = sysfs.Read(DeviceTree) ?? "";
        return Array.Find(all, platform => compatible.Contains("rockchip," + platform.Name, StringComparison.Ordinal));
    }
}
