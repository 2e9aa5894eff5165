using System.Buffers;
using System.Diagnostics.Metrics;

namespace RkLlama.Engine.Metrics;

/// <summary>
/// Keeps what the instruments of one meter measure, and writes it as Prometheus reads it. Measuring takes no lock and no memory, so it may be done for
/// each token; a scrape asks nobody but the instruments that are there to be asked.
/// </summary>
internal sealed class MetricStore : IDisposable
{
    private readonly MeterListener _listener;
    private readonly Lock _scrape = new();

    // Guarded by itself: instruments are made at start, families read with each scrape.
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    /// <param name="meter">The one whose instruments count; others of the process have names of their own.</param>
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
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.Start();
    }

    /// <summary>Every family by its name, with the values of the last scrape where they are asked for.</summary>
    internal MetricFamily[] Families
    {
        get
        {
            lock (_families)
                return [.. _families.Values];
        }
    }

    /// <summary>The page that Prometheus reads.</summary>
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
