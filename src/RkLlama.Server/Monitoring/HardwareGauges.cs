using System.Diagnostics.Metrics;
using RkLlama.Engine.Hardware;
using RkLlama.Engine.Metrics;
using static RkLlama.Engine.Metrics.Samples;

namespace RkLlama.Server.Monitoring;

/// <summary>
/// Metrics of the node's hardware at the time of a scrape: NPU load, clocks, temperatures, memory. A value that cannot be read has no sample; the response of
/// <c>GET /npu</c> has the reason.
/// </summary>
internal sealed class HardwareGauges
{
    private readonly HardwareReader _reader;

    // The reading of the current scrape, which all gauges share. Null before the first scrape. Replaced as a whole, never changed.
    private volatile NodeReading? _reading;

    public HardwareGauges(NodeMetrics metrics, HardwareReader reader)
    {
        _reader = reader;
        Gauge("rkllama_npu_core_load_ratio", "Load of an NPU core, 0 to 1, as the NPU driver reports it.", Loads);
        Gauge("rkllama_frequency_hertz", "Current clock of the NPU, the memory, the GPU, or a CPU cluster.", () => Clocks(static clock => clock.Hertz));
        Gauge("rkllama_frequency_max_hertz", "Highest clock that the chip supports for the domain.", () => Clocks(static clock => clock.MaxHertz));
        Gauge("rkllama_temperature_celsius", "Temperature, by thermal zone.", Temperatures);
        Gauge("rkllama_node_memory_available_bytes", "Memory that programs can still allocate.", () => Bytes(_reading?.Memory?.AvailableBytes));
        Gauge("rkllama_node_memory_total_bytes", "Memory of the node.", () => Bytes(_reading?.Memory?.TotalBytes));

        void Gauge(string name, string help, Func<IEnumerable<Measurement<double>>> read) => metrics.Meter.CreateObservableGauge(name, read, null, help);
    }

    /// <summary>Reads the hardware. Called once per scrape, before the gauges are read. Reads about 50 small files of the kernel in 1 to 2 ms.</summary>
    internal void Refresh() => _reading = _reader.Read();

    private IEnumerable<Measurement<double>> Loads() => (_reading?.CoreLoads ?? []).Select(static (percent, core) =>
        new Measurement<double>(percent / 100.0, Tag("core", core.ToString(System.Globalization.CultureInfo.InvariantCulture))));

    private IEnumerable<Measurement<double>> Clocks(Func<ClockReading, long?> which)
    {
        foreach (ClockReading clock in _reading?.Clocks ?? [])
        {
            if (which(clock) is { } hertz)
                yield return new(hertz, Tag("domain", clock.Name));
        }
    }

    private IEnumerable<Measurement<double>> Temperatures() => (_reading?.Temperatures ?? []).Select(static zone => new Measurement<double>(zone.Celsius, Tag("zone", zone.Zone)));
}
