using RkLlama.Engine.Hardware;

namespace RkLlama.Engine.Diagnostics;

/// <summary><c>GET /npu</c>: what the node's hardware does at this moment.</summary>
/// <param name="Platform">rk3588 or rk3576.</param>
/// <param name="DriverVersion">Of the NPU's driver in the kernel.</param>
/// <param name="LoadPercent">Of each core of the NPU, the first core first.</param>
/// <param name="Clocks">npu, ddr and gpu, then one for each cluster of CPUs, named by its first.</param>
/// <param name="Missing">What could not be read, and why.</param>
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

/// <param name="Hertz">What it runs at now.</param>
/// <param name="MaxHertz">The highest that the chip has.</param>
/// <param name="Governor">Who decides.</param>
internal sealed record NpuClock(string Name, long? Hertz, long? MaxHertz, string? Governor);

/// <param name="Zone">As the kernel names it.</param>
internal sealed record NpuTemperature(string Zone, double Celsius);

/// <param name="AvailableBytes">What programs may still have.</param>
internal sealed record NpuMemory(long? TotalBytes, long? AvailableBytes);

/// <param name="Reading">driver_version, load, temperatures, memory, platform, or the name of a clock.</param>
internal sealed record NpuMissing(string Reading, string Reason);
