namespace RkLlama.Hub.Tests.StandIn;

/// <summary>What the stand-in does wrong with one request for bytes.</summary>
internal sealed record Fault
{
    /// <summary>A status to answer with, and headers.</summary>
    public int? Status { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Text of the error answer.</summary>
    public string Text { get; init; } = "";

    /// <summary>Cuts the connection after this many bytes.</summary>
    public long? CutAfter { get; init; }

    /// <summary>Sends no byte after this many, and keeps the connection open.</summary>
    public long? SilentAfter { get; init; }

    /// <summary>Answers a request for a part with the whole file.</summary>
    public bool IgnoresRange { get; init; }

    /// <summary>Answers with a part that starts this many bytes later.</summary>
    public long RangeShift { get; init; }

    /// <summary>Flips a bit of the byte at this offset.</summary>
    public long? FlipAt { get; init; }

    /// <summary>Promises and sends this many bytes more (or less) than the file has.</summary>
    public long Excess { get; init; }

    /// <summary>Sends no length, and more bytes than the file has.</summary>
    public bool IsEndless { get; init; }

    /// <summary>Sends this many bytes per second.</summary>
    public int? BytesPerSecond { get; init; }

    /// <summary>Answers with a web page.</summary>
    public bool IsPage { get; init; }
}
