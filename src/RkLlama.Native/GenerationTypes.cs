using System.Text.Json.Serialization;

namespace RkLlama.Native;

/// <summary>The input of a run: either text, which the library tokenizes, or token ids. Exactly one of the two is not null.</summary>
/// <param name="Text">The prompt text; <see langword="null"/> if the input is token ids. The library wraps the text in its own chat template,
/// unless <see cref="RkllmModel.DisableChatTemplate"/> was called.</param>
/// <param name="Tokens">Token ids of the model's vocabulary; <see langword="null"/> if the input is text. The library applies no chat template to
/// them.</param>
public sealed record RunInput(string? Text, IReadOnlyList<int>? Tokens)
{
    /// <summary>
    /// The images of a text: each has one <c>&lt;image&gt;</c> in it. <see langword="null"/> without images. The library also reads the text of control tokens in
    /// <see cref="Text"/> as control tokens, and every <c>&lt;image&gt;</c>, so the caller must break up those that it did not write itself.
    /// </summary>
    [JsonIgnore]
    public ImageInput? Images { get; init; }

    public static RunInput FromText(string text) => new(text, null);

    public static RunInput FromTokens(IReadOnlyList<int> tokens) => new(null, tokens);
}

/// <summary>The encoded images of a run.</summary>
/// <param name="Embeddings">
/// For each image and each of its tokens, the values of all outputs of the encoder: as many as the language model expects. A smaller number crashes the library.
/// </param>
/// <param name="ImageCount">The number of images. More than one needs library version 1.2.1b1 or later.</param>
/// <param name="TokenCount">The number of tokens of one image.</param>
/// <param name="Width">The width of the encoder's input in pixels.</param>
/// <param name="Height">The height of the encoder's input in pixels.</param>
public sealed record ImageInput(ReadOnlyMemory<float> Embeddings, int ImageCount, int TokenCount, int Width, int Height);

/// <summary>The parameters of one run. Before library version 1.3.0 they have no effect: each run uses the parameters of the model load.</summary>
/// <param name="Sampling">Sampling values. A null value means the value that the model was loaded with.</param>
/// <param name="MaxNewTokens">The maximum number of new tokens, at least 1; <see langword="null"/> means the maximum that the model was loaded
/// with.</param>
public sealed record RunParameters(SamplingParameters Sampling, int? MaxNewTokens = null)
{
    public static RunParameters Default { get; } = new(SamplingParameters.Default);
}

/// <summary>
/// A part of the output of a run: one token, and the text that this token completes. The last piece of a run has no token and tells how the
/// run ended. If the run ends inside a character, one more piece without a token comes before the last piece.
/// </summary>
/// <param name="TokenId">The token id; −1 in a piece without a token.</param>
/// <param name="Text">Whole characters in UTF-8. Empty in the last piece. Also empty if the token completes no character, for example because it
/// ends inside a character that a later piece completes.</param>
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

    /// <summary>The library reported an error, refused the run, or returned a result that cannot be read.</summary>
    Error,
}

/// <summary>How a run ended.</summary>
/// <param name="Reason">Why the run ended.</param>
/// <param name="TokenCount">The number of tokens of the answer, without the end-of-text token.</param>
/// <param name="Statistics">The library's statistics of the run; null before library version 1.2.1, or if the library reported none.</param>
/// <param name="Error">The error message if the reason is <see cref="RunEndReason.Error"/>; otherwise null. The library prints the details to stdout
/// instead of returning them.</param>
public sealed record RunEnd(RunEndReason Reason, int TokenCount, RunStatistics? Statistics, string? Error);

/// <summary>The library's statistics of one run (library version 1.2.1 and later).</summary>
/// <param name="PrefillMs">The time of prompt processing in milliseconds.</param>
/// <param name="PrefillTokens">The number of prompt tokens that were processed. Tokens reused from the KV cache do not count.</param>
/// <param name="DecodeMs">The time from the first generated token to the end of generation, in milliseconds.</param>
/// <param name="DecodeTokens">The number of generated tokens, without the first one.</param>
/// <param name="MemoryMb">The memory that the library uses, in MB.</param>
public sealed record RunStatistics(float PrefillMs, int PrefillTokens, float DecodeMs, int DecodeTokens, float MemoryMb);

/// <summary>The output of the model's last hidden layer for an input: one row of <paramref name="Width"/> values for each token.</summary>
/// <param name="Values">All rows in the order of the tokens; <paramref name="TokenCount"/> × <paramref name="Width"/> values.</param>
/// <param name="TokenCount">The number of tokens of the input.</param>
/// <param name="Width">The number of values per token.</param>
public sealed record HiddenStates(float[] Values, int TokenCount, int Width);
