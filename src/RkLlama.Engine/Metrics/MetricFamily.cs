using System.Diagnostics.Metrics;

namespace RkLlama.Engine.Metrics;

/// <summary>All time series of one instrument: a metric family of Prometheus. Thread-safe. Takes a lock only to create a series.</summary>
internal sealed class MetricFamily
{
    private readonly Lock _lock = new();
    private readonly double[] _bounds;

    // The array is never modified. Create replaces it under the lock, Clear without the lock.
    private volatile MetricSeries[] _series = [];

    internal MetricFamily(Instrument instrument)
    {
        Name = instrument.Name;
        Help = instrument.Description ?? "";
        IsObserved = instrument.IsObservable;
        _bounds = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } ? [.. bounds] : [];
        Type = instrument switch
        {
            Histogram<double> => "histogram",
            Counter<long> or Counter<double> or ObservableCounter<double> => "counter",
            _ => "gauge",
        };
    }

    internal string Name { get; }

    internal string Help { get; }

    /// <summary>The Prometheus type: counter, gauge or histogram.</summary>
    internal string Type { get; }

    /// <summary>Whether the instrument is observable: its values are read at each scrape and replace those of the previous scrape.</summary>
    internal bool IsObserved { get; }

    /// <summary>Upper bounds of the buckets of a histogram, ascending, without +Inf; empty for other types.</summary>
    internal IReadOnlyList<double> Bounds => _bounds;

    internal IReadOnlyList<MetricSeries> Series => _series;

    internal void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        MetricSeries series = Find(tags);
        if (_bounds.Length > 0)
            series.Observe(value);
        else if (IsObserved)
            series.Set(value);
        else
            series.Add(value);
    }

    internal void Clear() => _series = [];

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (MetricSeries series in _series)
        {
            if (series.Matches(tags))
                return series;
        }

        return Create(tags);
    }

    private MetricSeries Create(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
        {
            foreach (MetricSeries series in _series)
            {
                if (series.Matches(tags))
                    return series;
            }

            KeyValuePair<string, string>[] labels = new KeyValuePair<string, string>[tags.Length];
            for (int i = 0; i < tags.Length; i++)
                labels[i] = new(tags[i].Key, tags[i].Value as string ?? "");
            MetricSeries created = new(labels, _bounds);
            _series = [.. _series, created];
            return created;
        }
    }
}
