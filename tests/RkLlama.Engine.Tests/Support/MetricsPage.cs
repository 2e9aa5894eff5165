using System.Globalization;
using System.Text.RegularExpressions;

namespace RkLlama.Engine.Tests.Support;

/// <summary>The parsed samples of <c>/metrics</c>.</summary>
internal sealed partial class MetricsPage
{
    private readonly Dictionary<string, double> _samples = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">A line is neither a sample nor a comment, or a sample is duplicated.</exception>
    internal MetricsPage(string text)
    {
        Text = text;
        if (!text.EndsWith('\n'))
            throw new FormatException("the last line has no end");
        foreach (string line in text.TrimEnd('\n').Split('\n').Where(static line => !line.StartsWith("# ", StringComparison.Ordinal)))
        {
            Match sample = Sample.Match(line);
            if (!sample.Success || !_samples.TryAdd(sample.Groups[1].Value, Value(sample.Groups[2].Value)))
                throw new FormatException(line);
        }
    }

    internal string Text { get; }

    internal IReadOnlyDictionary<string, double> Samples => _samples;

    /// <summary>The names of the metric families, from the TYPE lines.</summary>
    internal IEnumerable<string> Families => Text.Split('\n').Where(static line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(static line => line.Split(' ')[2]);

    /// <summary>Returns the value of a sample, by its name and labels as written on the page; 0 if there is none.</summary>
    internal double this[string sample] => _samples.GetValueOrDefault(sample);

    private static double Value(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("""^([a-z_][a-z0-9_]*(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})?) (\S+)$""")]
    private static partial Regex Sample { get; }
}
