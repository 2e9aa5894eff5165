namespace RkLlama.Engine.Hardware;

/// <summary>
/// The state of the node's hardware at one moment. A value that could not be read is <see langword="null"/> or not in its list;
/// <see cref="Missing"/> has the reason.
/// </summary>
internal sealed record NodeReading
{
    /// <summary><c>rk3588</c> or <c>rk3576</c>, from the device tree.</summary>
    public required string? Platform { get; init; }

    /// <summary>Version of the NPU driver in the kernel, such as <c>0.9.8</c>.</summary>
    public required string? DriverVersion { get; init; }

    /// <summary>Load of each NPU core in percent: three on RK3588, two on RK3576, one if the driver reports only the total.</summary>
    public required IReadOnlyList<int>? CoreLoads { get; init; }

    /// <summary>Always <c>npu</c>, <c>ddr</c> and <c>gpu</c>, then one per CPU cluster, named after its first CPU: <c>cpu0</c>, <c>cpu4</c>.</summary>
    public required IReadOnlyList<ClockReading> Clocks { get; init; }

    public required IReadOnlyList<TemperatureReading> Temperatures { get; init; }

    public required MemoryReading? Memory { get; init; }

    /// <summary>One entry for each value that could not be read.</summary>
    public required IReadOnlyList<MissingReading> Missing { get; init; }

    internal ClockReading Clock(string name) => Clocks.First(clock => clock.Name == name);
}

/// <summary>One clock.</summary>
/// <param name="Hertz">The current frequency.</param>
/// <param name="MaxHertz">The highest frequency that the chip supports.</param>
/// <param name="Governor">The kernel's governor of this clock.</param>
internal sealed record ClockReading(string Name, long? Hertz, long? MaxHertz, string? Governor);

/// <param name="Zone">The kernel's name, such as <c>npu-thermal</c>.</param>
internal sealed record TemperatureReading(string Zone, double Celsius);

/// <param name="Reading"><c>driver_version</c>, <c>load</c>, the name of a clock, <c>temperatures</c>, <c>memory</c>, <c>platform</c>.</param>
/// <param name="Reason">A clause with the path.</param>
internal sealed record MissingReading(string Reading, string Reason);
