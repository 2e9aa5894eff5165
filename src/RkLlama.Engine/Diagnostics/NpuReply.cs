using RkLlama.Engine.Hardware;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The body of <c>GET /npu</c>: the current state of the node's hardware. A value that could not be read is null.</summary>
/// <param name="Platform">The chip: rk3588 or rk3576.</param>
/// <param name="DriverVersion">Version of the kernel's NPU driver.</param>
/// <param name="LoadPercent">Load of each NPU core, 0 to 100; a single value if the driver reports only the total.</param>
/// <param name="Clocks">npu, ddr and gpu, then one clock per CPU cluster, named after the first CPU of the cluster: cpu0, cpu4.</param>
/// <param name="Temperatures">The temperature zones that report a value.</param>
/// <param name="Missing">Values that could not be read, with the reason.</param>
internal sealed record NpuReply(
    string? Platform,
    string? DriverVersion,
    IReadOnlyList<int>? LoadPercent,
    IReadOnlyList<NpuClock> Clocks,
    IReadOnlyList<NpuTemperature> Temperatures,
    NpuMemory? Memory,
    IReadOnlyList<NpuMissing> Missing)
{
    internal static NpuReply From(NodeReading node) => new(
        node.Platform,
        node.DriverVersion,
        node.CoreLoads,
        [.. node.Clocks.Select(static clock => new NpuClock(clock.Name, clock.Hertz, clock.MaxHertz, clock.Governor))],
        [.. node.Temperatures.Select(static zone => new NpuTemperature(zone.Zone, Math.Round(zone.Celsius, 1)))],
        node.Memory is { } memory ? new(memory.TotalBytes, memory.AvailableBytes) : null,
        [.. node.Missing.Select(static missing => new NpuMissing(missing.Reading, missing.Reason))]);
}

/// <summary>One clock. A value that could not be read is null.</summary>
/// <param name="Name">npu, ddr, gpu, or cpu with the number of a CPU.</param>
/// <param name="Hertz">The current frequency.</param>
/// <param name="MaxHertz">The highest frequency that this clock supports.</param>
/// <param name="Governor">Name of the kernel's frequency governor for this clock, for example performance.</param>
internal sealed record NpuClock(string Name, long? Hertz, long? MaxHertz, string? Governor);

/// <summary>The temperature of one thermal zone.</summary>
/// <param name="Zone">The kernel's name of the zone, for example npu-thermal.</param>
/// <param name="Celsius">Rounded to 0.1 °C.</param>
internal sealed record NpuTemperature(string Zone, double Celsius);

/// <summary>The node's memory. A value that could not be read is null.</summary>
/// <param name="TotalBytes">Memory that the kernel can use.</param>
/// <param name="AvailableBytes">Memory that the kernel estimates as available to programs.</param>
internal sealed record NpuMemory(long? TotalBytes, long? AvailableBytes);

/// <summary>A value that could not be read.</summary>
/// <param name="Reading">Name of the value: platform, driver_version, load, temperatures, memory, cpu (all CPU clocks), or the name of a clock.</param>
/// <param name="Reason">Why it could not be read.</param>
internal sealed record NpuMissing(string Reading, string Reason);
