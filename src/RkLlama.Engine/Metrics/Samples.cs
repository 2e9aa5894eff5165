using System.Diagnostics.Metrics;

namespace RkLlama.Engine.Metrics;

/// <summary>Creates tags (labels) and measurements of instruments.</summary>
internal static class Samples
{
    internal static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    /// <summary>Returns one measurement, or none if the size is unknown, because 0 would be wrong.</summary>
    internal static Measurement<double>[] Bytes(long? bytes) => bytes is { } known ? [new(known)] : [];
}
