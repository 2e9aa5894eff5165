namespace RkLlama.Engine.Metrics;

/// <summary>One time series: the value, or the histogram, for one set of label values. Thread-safe without a lock.</summary>
/// <param name="labels">Names and values of the labels, in the order of the tags.</param>
/// <param name="bounds">Upper bounds of the buckets of a histogram, ascending, without +Inf; empty for a plain value.</param>
internal sealed class MetricSeries(KeyValuePair<string, string>[] labels, double[] bounds)
{
    // The last bucket counts the values above all bounds.
    private readonly long[] _buckets = bounds.Length == 0 ? [] : new long[bounds.Length + 1];
    private double _value;

    internal IReadOnlyList<KeyValuePair<string, string>> Labels => labels;

    /// <summary>The plain value, or the sum of all values of a histogram.</summary>
    internal double Value => Volatile.Read(ref _value);

    /// <summary>Returns the number of values in each bucket, not cumulative; empty for a plain value. The last bucket is +Inf.</summary>
    internal long[] Counts()
    {
        long[] counts = new long[_buckets.Length];
        for (int i = 0; i < counts.Length; i++)
            counts[i] = Volatile.Read(ref _buckets[i]);
        return counts;
    }

    /// <summary>Whether the tags have the same values as the labels. Does not compare names: all series of an instrument have the same names.</summary>
    internal bool Matches(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != labels.Length)
            return false;
        for (int i = 0; i < labels.Length; i++)
        {
            if (!labels[i].Value.Equals(tags[i].Value as string, StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    internal void Set(double value) => Volatile.Write(ref _value, value);

    internal void Add(double value)
    {
        double seen = Value, before;
        do
        {
            before = seen;
            seen = Interlocked.CompareExchange(ref _value, before + value, before);
        }
        while (!seen.Equals(before));
    }

    internal void Observe(double value)
    {
        int bucket = 0;
        while (bucket < bounds.Length && value > bounds[bucket])
            bucket++;
        Interlocked.Increment(ref _buckets[bucket]);
        Add(value);
    }
}
