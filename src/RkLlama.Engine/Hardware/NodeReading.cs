namespace RkLlama.Engine.Hardware;

/// <summary>
/// The state of the node's hardware at one moment. If a value could not be read, it is <see langword="null"/> or missing from its list, and
/// <see cref="Missing"/> usually has the reason.
/// </summary>
internal sealed record NodeReading
{
    /// <summary><c>rk3588</c> or <c>rk3576</c>, from the device tree.</summary>
    public required string? Platform { get; init; }

    /// <summary>Version of the kernel's NPU driver, such as <c>0.9.8</c>.</summary>
    public required string? DriverVersion { get; init; }

    /// <summary>Load of each NPU core, 0 to 100 %: three values on RK3588, two on RK3576, one if the driver reports only the total.</summary>
    public required IReadOnlyList<int>? CoreLoads { get; init; }

    /// <summary>
    /// Always <c>npu</c>, <c>ddr</c> and <c>gpu</c>, then one clock per CPU cluster, named after the first CPU of the cluster: <c>cpu0</c>, <c>cpu4</c>.
    /// </summary>
    public required IReadOnlyList<ClockReading> Clocks { get; init; }

    /// <summary>The thermal zones that report a temperature, in the order of their numbers.</summary>
    public required IReadOnlyList<TemperatureReading> Temperatures { get; init; }

    public required MemoryReading? Memory { get; init; }

    /// <summary>
    /// The values that could not be read. Not listed: the maximum frequency and the governor of a clock; a thermal zone, if other zones have a value; one of
    /// the two memory values, if the other one is known.
    /// </summary>
    public required IReadOnlyList<MissingReading> Missing { get; init; }

    /// <summary>Returns a clock of <see cref="Clocks"/>.</summary>
    /// <param name="name"><c>npu</c>, <c>ddr</c> or <c>gpu</c>.</param>
    internal ClockReading Clock(string name) => Clocks.First(clock => clock.Name == name);
}

/// <summary>The state of one clock. A value that could not be read is <see langword="null"/>.</summary>
/// <param name="Hertz">The current frequency.</param>
/// <param name="MaxHertz">The highest frequency that this clock supports.</param>
/// <param name="Governor">Name of the kernel's frequency governor for this clock, such as <c>performance</c>.</param>
internal sealed record ClockReading(string Name, long? Hertz, long? MaxHertz, string? Governor);

/// <summary>The temperature of one thermal zone.</summary>
/// <param name="Zone">The kernel's name of the zone, such as <c>npu-thermal</c>.</param>
internal sealed record TemperatureReading(string Zone, double Celsius);

/// <summary>A value that could not be read.</summary>
/// <param name="Reading">
/// Name of the value: <c>platform</c>, <c>driver_version</c>, <c>load</c>, <c>temperatures</c>, <c>memory</c>, <c>cpu</c> (all CPU clocks), or the name of
/// a clock.
/// </param>
/// <param name="Reason">Why it could not be read: a clause for messages, usually with the path of the file.</param>
internal sealed record MissingReading(string Reading, string Reason);
