namespace RkLlama.Native;

/// <summary>The input of a run: text that the library tokenizes, or token ids. Exactly one is set.</summary>
/// <param name="Text">The prompt. The library wraps it in its own chat template, unless <see cref="RkllmModel.DisableChatTemplate"/> was
/// called.</param>
/// <param name="Tokens">Token ids of the model's vocabulary. No template is applied.</param>
public sealed record RunInput(string? Text, IReadOnlyList<int>? Tokens)
{
    public static RunInput FromText(string text) => new(text, null);

    public static RunInput FromTokens(IReadOnlyList<int> tokens) => new(null, tokens);
}

/// <summary>Parameters that can change per run. Libraries before 1.3.0 ignore them and use the parameters of the load.</summary>
/// <param name="Sampling">Sampling values; a null value falls back to that of the load.</param>
/// <param name="MaxNewTokens">The maximum number of new tokens, at least 1; <see langword="null"/> for that of the load.</param>
public sealed record RunParameters(SamplingParameters Sampling, int? MaxNewTokens = null)
{
    public static RunParameters Default { get; } = new(SamplingParameters.Default);
}

/// <summary>
/// One callback of the library: one token, and the text that it completes. The last piece of a run has <see cref="End"/> and no token.
/// </summary>
/// <param name="TokenId">The token id; −1 in the last piece.</param>
/// <param name="Text">Valid UTF-8. Empty if the token ends inside a character.</param>
/// <param name="End">How the run ended; null except in the last piece.</param>
public readonly record struct RunPiece(int TokenId, ReadOnlyMemory<byte> Text, RunEnd? End = null);

/// <summary>Why a run ended.</summary>
public enum RunEndReason
{
    /// <summary>The model ended its answer.</summary>
    Stop,

    /// <summary>The run reached its maximum number of new tokens.</summary>
    Length,

    /// <summary>The caller aborted the run.</summary>
    Cancelled,

    /// <summary>The library failed.</summary>
    Error,
}

/// <summary>The end of a run.</summary>
/// <param name="Reason">Why the run ended.</param>
/// <param name="TokenCount">The number of tokens of the answer, without the end-of-text token.</param>
/// <param name="Statistics">The library's statistics; null if the version has none.</param>
/// <param name="Error">A message if the reason is <see cref="RunEndReason.Error"/>; otherwise null. The library prints the details instead of
/// returning them.</param>
public sealed record RunEnd(RunEndReason Reason, int TokenCount, RunStatistics? Statistics, string? Error);

/// <summary>The library's statistics of one run (from 1.2.1).</summary>
/// <param name="PrefillMs">Time of prompt processing in milliseconds.</param>
/// <param name="PrefillTokens">Processed prompt tokens, without those reused from the KV cache.</param>
/// <param name="DecodeMs">Time of token generation after the first token in milliseconds.</param>
/// <param name="DecodeTokens">Generated tokens after the first one.</param>
/// <param name="MemoryMb">Memory that the library uses, in MB.</param>
public sealed record RunStatistics(float PrefillMs, int PrefillTokens, float DecodeMs, int DecodeTokens, float MemoryMb);

/// <summary>The last hidden layer of an input, as one row of <paramref name="Width"/> values per token.</summary>
/// <param name="Values">The rows one after the other; <paramref name="TokenCount"/> × <paramref name="Width"/> values.</param>
/// <param name="TokenCount">The number of tokens.</param>
/// <param name="Width">The number of values per token.</param>
public sealed record HiddenStates(float[] Values, int TokenCount, int Width);
