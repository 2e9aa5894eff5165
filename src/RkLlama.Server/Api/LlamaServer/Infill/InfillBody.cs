using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.LlamaServer.Infill;

/// <summary>A request for the text of a gap in a file. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record InfillBody : GenerationBody
{
    /// <summary>The text before the gap.</summary>
    public string? InputPrefix { get; init; }

    /// <summary>The text after the gap.</summary>
    public string? InputSuffix { get; init; }

    /// <summary>Pieces of other files. They stand before the text before the gap, each below the line "--- snippet ---".</summary>
    public InfillExtraBody?[]? InputExtra { get; init; }

    /// <summary>The beginning of the text of the gap. The output continues it.</summary>
    public string? Prompt { get; init; }

    /// <summary>
    /// Maximum number of output tokens. MAX_NEW_TOKENS of the Modelfile is the default and the upper limit; it also applies if the value is −1. With 0, the output
    /// is empty, but the prompt is in the KV cache afterwards.
    /// </summary>
    [Range(-1, int.MaxValue)]
    public int? NPredict { get; init; }

    /// <summary>Stop sequences: the output ends before the first one that occurs. At most 64 sequences, and at most 16384 characters in all of them together.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public StringOrArray? Stop { get; init; }
}

/// <summary>A piece of another file.</summary>
internal sealed record InfillExtraBody
{
    public string? Filename { get; init; }

    public required string Text { get; init; }
}
