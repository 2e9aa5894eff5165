using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Embeddings;

/// <summary>Texts to embed. Other fields are ignored; null is as absent.</summary>
internal sealed record EmbeddingsBody
{
    /// <summary>An embedding model as GET /v1/models lists it; it is loaded if need be.</summary>
    public required string Model { get; init; }

    /// <summary>One text, or several of which each gets a vector. Token ids are refused: they belong to one tokenizer.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public required TextOrTexts Input { get; init; }

    /// <summary>base64 is that of the little-endian float32 values.</summary>
    [AllowedValues("float", "base64")]
    public string? EncodingFormat { get; init; }

    /// <summary>The first so many values alone, again of length 1; for models that were trained to allow it.</summary>
    [Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }
}
