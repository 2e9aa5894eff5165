namespace RkLlama.Engine.Residency;

/// <summary>How fast a model was in its last runs. Thread-safe.</summary>
internal sealed class ModelPace
{
    // A shorter prompt or output says little about the rate.
    private const int MinTokens = 8;

    private double _prefill;
    private double _decode;

    /// <summary>Prefill time of one token; zero if it is not known.</summary>
    internal TimeSpan PrefillPerToken => TimeSpan.FromSeconds(Volatile.Read(ref _prefill));

    /// <summary>Decode time of one token; zero if it is not known.</summary>
    internal TimeSpan DecodePerToken => TimeSpan.FromSeconds(Volatile.Read(ref _decode));

    /// <summary>Records the times of a run.</summary>
    internal void Record(int prefilled, TimeSpan prefill, int decoded, TimeSpan decode)
    {
        if (prefilled >= MinTokens)
            Volatile.Write(ref _prefill, prefill.TotalSeconds / prefilled);
        if (decoded >= MinTokens)
            Volatile.Write(ref _decode, decode.TotalSeconds / decoded);
    }
}
