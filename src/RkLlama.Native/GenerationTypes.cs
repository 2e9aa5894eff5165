namespace RkLlama.Native;

/// <summary>What a run is given: text that the library tokenises itself, or token ids. Exactly one is set.</summary>
/// <param name="Text">Passed on as it is when the built-in template is off (<see cref="RkllmModel.DisableChatTemplate"/>), else wrapped in it.</param>
/// <param name="Tokens">Token ids of the model's own vocabulary; no template is applied.</param>
public sealed record GenerationInput(string? Text, IReadOnlyList<int>? Tokens)
{
    public static GenerationInput FromText(string text) => new(text, null);

    public static GenerationInput FromTokens(IReadOnlyList<int> tokens) => new(null, tokens);
}

/// <summary>What may differ from run to run. Honoured from 1.3.0 on; older libraries keep what the model was loaded with.</summary>
/// <param name="Sampling">Overrides the values of the load.</param>
/// <param name="MaxNewTokens">Upper bound in tokens, ≥ 1; <see langword="null"/> for the load's.</param>
public sealed record RunParameters(SamplingParameters Sampling, int? MaxNewTokens = null)
{
    public static RunParameters Default { get; } = new(SamplingParameters.Default);
}

/// <summary>One callback of the library: one token, with the text that became complete by it. The last element of a run has <see cref="End"/> and no token.</summary>
/// <param name="TokenId">The token's id; −1 in the last element.</param>
/// <param name="Text">Valid UTF-8, possibly empty: a character may need several tokens.</param>
/// <param name="End">How the run ended; only in the last element.</param>
public readonly record struct GenerationPiece(int TokenId, ReadOnlyMemory<byte> Text, GenerationEnd? End = null);

/// <summary>Why a run ended; it ends for exactly one reason.</summary>
public enum RunEndReason
{
    /// <summary>The model said it was done.</summary>
    Stop,

    /// <summary>The bound on new tokens was reached.</summary>
    Length,

    /// <summary>It was aborted.</summary>
    Cancelled,

    /// <summary>The library failed.</summary>
    Error,
}

/// <param name="Reason">Why the run ended.</param>
/// <param name="TokenCount">Tokens of the answer; the end-of-text token is not one of them.</param>
/// <param name="Statistics">The library's own figures, where the version has them.</param>
/// <param name="Error">For <see cref="RunEndReason.Error"/>: what is known. The library prints its reason, it does not return it.</param>
public sealed record GenerationEnd(RunEndReason Reason, int TokenCount, RunStatistics? Statistics, string? Error);

/// <summary>The library's figures for one run (from 1.2.1).</summary>
/// <param name="PrefillMs">Time of prompt processing, ms.</param>
/// <param name="PrefillTokens">Prompt tokens that were processed; tokens reused from the KV cache are not among them.</param>
/// <param name="DecodeMs">Time of token generation after the first token, ms.</param>
/// <param name="DecodeTokens">Tokens after the first.</param>
/// <param name="MemoryMb">Memory in use by the library, MB.</param>
public sealed record RunStatistics(float PrefillMs, int PrefillTokens, float DecodeMs, int DecodeTokens, float MemoryMb);

/// <summary>The last hidden layer of an input: one row of <paramref name="Width"/> values per token.</summary>
public sealed record HiddenStates(float[] Values, int TokenCount, int Width);
