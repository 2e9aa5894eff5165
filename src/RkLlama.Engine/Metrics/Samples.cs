using System.Diagnostics.Metrics;

namespace RkLlama.Engine.Metrics;

/// <summary>What all samples are made of.</summary>
internal static class Samples
{
    internal static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    /// <summary>Nothing where it is not known: a 0 would be a lie.</summary>
    internal static Measurement<double>[] Bytes(long? bytes) => bytes is { } known ? [new(known)] : [];
}
