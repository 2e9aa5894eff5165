using RkLlama.Engine.Hardware;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The body of <c>GET /npu</c>: the current state of the node's hardware. A value that could not be read is null.</summary>
/// <param name="Platform">rk3588 or rk3576.</param>
/// <param name="DriverVersion">Version of the kernel's NPU driver.</param>
/// <param name="LoadPercent">Load of each NPU core.</param>
/// <param name="Clocks">npu, ddr and gpu, then one per CPU cluster with the name of its first CPU.</param>
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

/// <summary>One clock.</summary>
/// <param name="Hertz">The current frequency.</param>
/// <param name="MaxHertz">The highest frequency that the chip supports.</param>
/// <param name="Governor">The kernel's governor of this clock.</param>
internal sealed record NpuClock(string Name, long? Hertz, long? MaxHertz, string? Governor);

/// <summary>The temperature of one thermal zone.</summary>
/// <param name="Zone">The kernel's name of the zone.</param>
/// <param name="Celsius">Rounded to 0.1 °C.</param>
internal sealed record NpuTemperature(string Zone, double Celsius);

/// <summary>The node's memory.</summary>
/// <param name="AvailableBytes">Memory that the kernel estimates as available to programs.</param>
internal sealed record NpuMemory(long? TotalBytes, long? AvailableBytes);

/// <summary>A value that could not be read.</summary>
/// <param name="Reading">platform, driver_version, load, temperatures, memory, cpu, or the name of a clock.</param>
internal sealed record NpuMissing(string Reading, string Reason);
