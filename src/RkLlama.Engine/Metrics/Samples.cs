using System.Diagnostics.Metrics;

namespace RkLlama.Engine.Metrics;

/// <summary>Creates tags (labels) and measurements for instruments.</summary>
internal static class Samples
{
    internal static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    /// <summary>Returns the measurement of a size in bytes. Returns none if the size is unknown, because 0 would be wrong.</summary>
    /// <param name="bytes">The size; null if it is unknown.</param>
    internal static Measurement<double>[] Bytes(long? bytes) => bytes is { } known ? [new(known)] : [];
}
