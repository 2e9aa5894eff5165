namespace RkLlama.Engine.Hardware;

/// <summary>
/// What the node's hardware does at one moment. What could not be read is <see langword="null"/> or not in its list, and <see cref="Missing"/> says why.
/// </summary>
internal sealed record NodeReading
{
    /// <summary><c>rk3588</c> or <c>rk3576</c>, from the device tree.</summary>
    public required string? Platform { get; init; }

    /// <summary>Of the NPU's driver in the kernel, such as <c>0.9.8</c>.</summary>
    public required string? DriverVersion { get; init; }

    /// <summary>How busy each core of the NPU is, in percent, the first core first: three on RK3588, two on RK3576, one where the driver gives one number.</summary>
    public required IReadOnlyList<int>? CoreLoads { get; init; }

    /// <summary><c>npu</c>, <c>ddr</c> and <c>gpu</c>, whether they can be read or not, then one for each cluster of CPUs, named by its first: <c>cpu0</c>, <c>cpu4</c>.</summary>
    public required IReadOnlyList<ClockReading> Clocks { get; init; }

    public required IReadOnlyList<TemperatureReading> Temperatures { get; init; }

    public required MemoryReading? Memory { get; init; }

    /// <summary>One entry for each reading that is not there.</summary>
    public required IReadOnlyList<MissingReading> Missing { get; init; }

    internal ClockReading Clock(string name) => Clocks.First(clock => clock.Name == name);
}

/// <summary>One clock.</summary>
/// <param name="Hertz">What it runs at now.</param>
/// <param name="MaxHertz">The highest that the chip has.</param>
/// <param name="Governor">Who decides.</param>
internal sealed record ClockReading(string Name, long? Hertz, long? MaxHertz, string? Governor);

/// <param name="Zone">As the kernel names it, such as <c>npu-thermal</c>.</param>
internal sealed record TemperatureReading(string Zone, double Celsius);

/// <param name="Reading"><c>driver_version</c>, <c>load</c>, the name of a clock, <c>temperatures</c>, <c>memory</c>, <c>platform</c>.</param>
/// <param name="Reason">A clause with the path that was looked at.</param>
internal sealed record MissingReading(string Reading, string Reason);
