using System.Buffers;
using System.Diagnostics.Metrics;

namespace RkLlama.Engine.Metrics;

/// <summary>
/// Stores the measurements of all instruments of one meter and writes them as Prometheus text. Recording a value of an existing series takes no lock and
/// allocates nothing, so it can be done for each token. Thread-safe.
/// </summary>
internal sealed class MetricStore : IDisposable
{
    private readonly MeterListener _listener;
    private readonly Lock _scrape = new();

    // Used only under a lock on the dictionary itself. Instruments are added at startup; each scrape reads them.
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    /// <param name="meter">The meter. Instruments of other meters are ignored.</param>
    internal MetricStore(Meter meter)
    {
        _listener = new()
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter != meter)
                    return;
                MetricFamily family = new(instrument);
                lock (_families)
                    _families.Add(family.Name, family);
                listener.EnableMeasurementEvents(instrument, family);
            },
        };
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>All metric families, ordered by name. Observable instruments have the values of the last scrape.</summary>
    internal MetricFamily[] Families
    {
        get
        {
            lock (_families)
                return [.. _families.Values];
        }
    }

    /// <summary>Reads the observable instruments and returns all metrics as Prometheus text in UTF-8.</summary>
    internal byte[] Scrape()
    {
        ArrayBufferWriter<byte> page = new(16 << 10);
        lock (_scrape)
        {
            MetricFamily[] families = Families;
            foreach (MetricFamily family in families)
            {
                if (family.IsObserved)
                    family.Clear();
            }

            _listener.RecordObservableInstruments();
            foreach (MetricFamily family in families)
                PrometheusText.Write(family, page);
        }

        return page.WrittenSpan.ToArray();
    }

    public void Dispose() => _listener.Dispose();
}
