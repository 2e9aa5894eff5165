namespace RkLlama.Output.Decoding;

/// <summary>
/// Whether the token ids of a loaded model are those of its tokenizer file. The first answers of a load are decoded from the ids and compared with the text of
/// the runtime. The ids may differ because the tokenizer file belongs to another model, or because the conversion of the model has changed the ids. One
/// instance per loaded model, which all its answers share. Thread-safe.
/// </summary>
internal sealed class TokenReferee
{
    /// <summary>The number of ordinary tokens whose texts must be equal. Then the ids are not compared any more.</summary>
    internal const int RequiredTokens = 200;

    private const int Undecided = 0, Confirmed = 1, Refuted = 2;

    private int _verdict;
    private int _equalTokens;
    private volatile bool _hasUnknownIds;

    /// <summary>Whether enough tokens had equal texts. Final.</summary>
    internal bool IsConfirmed => Volatile.Read(ref _verdict) == Confirmed;

    /// <summary>Whether a token had different texts. Then the text of the runtime is used. Final.</summary>
    internal bool IsRefuted => Volatile.Read(ref _verdict) == Refuted;

    /// <summary>Whether at least one ordinary token had equal texts.</summary>
    internal bool HasEqualTokens => Volatile.Read(ref _equalTokens) > 0;

    /// <summary>Whether the runtime has delivered a text with an id that the tokenizer file does not have.</summary>
    internal bool HasUnknownIds => _hasUnknownIds;

    /// <summary>Records an ordinary token whose texts are equal.</summary>
    internal void RecordEqual()
    {
        if (Interlocked.Increment(ref _equalTokens) >= RequiredTokens)
            Interlocked.CompareExchange(ref _verdict, Confirmed, Undecided);
    }

    /// <summary>Records an ordinary token whose texts differ.</summary>
    /// <returns>True for the first such token of the load: then the caller logs a warning.</returns>
    internal bool TryRefute() => Interlocked.CompareExchange(ref _verdict, Refuted, Undecided) == Undecided;

    internal void RecordUnknownId() => _hasUnknownIds = true;
}
