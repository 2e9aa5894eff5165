using System.Diagnostics.Metrics;

namespace RkLlama.Engine.Metrics;

/// <summary>Creates tags and measurements.</summary>
internal static class Samples
{
    internal static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    /// <summary>No measurement for an unknown size: 0 would be wrong.</summary>
    internal static Measurement<double>[] Bytes(long? bytes) => bytes is { } known ? [new(known)] : [];
}
