using System.Buffers;
using System.Globalization;
using System.Text;

namespace RkLlama.Engine.Metrics;

/// <summary>Writes the Prometheus text format, version 0.0.4.</summary>
internal static class PrometheusText
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Writes the help text, the type and the samples of a metric family. Writes nothing if the family has no series.</summary>
    internal static void Write(MetricFamily family, IBufferWriter<byte> output)
    {
        IReadOnlyList<MetricSeries> all = family.Series;
        if (all.Count == 0)
            return;

        Append(output, $"# HELP {family.Name} {Escape(family.Help, isLabel: false)}\n# TYPE {family.Name} {family.Type}\n");
        foreach (MetricSeries series in all)
        {
            if (family.Bounds.Count > 0)
                WriteHistogram(family, series, output);
            else
                WriteSample(family.Name, series.Labels, null, series.Value, output);
        }
    }

    /// <summary>
    /// Writes the buckets, the sum and the count of a histogram. Computes the count from the buckets, so that count and buckets agree even while other
    /// threads record values.
    /// </summary>
    private static void WriteHistogram(MetricFamily family, MetricSeries series, IBufferWriter<byte> output)
    {
        long count = 0;
        long[] counts = series.Counts();
        for (int i = 0; i < counts.Length; i++)
        {
            count += counts[i];
            string bound = i < family.Bounds.Count ? Number(family.Bounds[i]) : "+Inf";
            WriteSample($"{family.Name}_bucket", series.Labels, bound, count, output);
        }

        WriteSample($"{family.Name}_sum", series.Labels, null, series.Value, output);
        WriteSample($"{family.Name}_count", series.Labels, null, count, output);
    }

    private static void WriteSample(string name, IReadOnlyList<KeyValuePair<string, string>> labels, string? bound, double value, IBufferWriter<byte> output)
    {
        IEnumerable<KeyValuePair<string, string>> all = bound is null ? labels : labels.Append(new("le", bound));
        string text = string.Join(',', all.Select(static label => $"{label.Key}=\"{Escape(label.Value, isLabel: true)}\""));
        Append(output, text.Length == 0 ? $"{name} {Number(value)}\n" : $"{name}{{{text}}} {Number(value)}\n");
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Escape(string text, bool isLabel)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return isLabel ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }

    private static void Append(IBufferWriter<byte> output, string text) => Encoding.UTF8.GetBytes(text, output);
}
