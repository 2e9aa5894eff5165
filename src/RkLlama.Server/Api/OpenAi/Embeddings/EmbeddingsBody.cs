using System.ComponentModel.DataAnnotations;
using RkLlama.Server.Api.Common;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Embeddings;

/// <summary>A request for embeddings. Unknown fields are ignored. A null field counts as absent.</summary>
internal sealed record EmbeddingsBody
{
    /// <summary>Id of an embedding model from GET /v1/models. If the model is not loaded, the server loads it.</summary>
    public required string Model { get; init; }

    /// <summary>One text, or several texts. Each text gets one vector. Token ids are refused, because they depend on the tokenizer.</summary>
    [AnyOf(typeof(string), typeof(string[]))]
    public required StringOrArray Input { get; init; }

    /// <summary>float: an array of numbers. base64: the little-endian float32 values, encoded in base64. Default: float.</summary>
    [AllowedValues("float", "base64")]
    public string? EncodingFormat { get; init; }

    /// <summary>Shortens each vector to its first values and normalizes it to length 1 again. Only useful for models that are trained for it.</summary>
    [Range(1, int.MaxValue)]
    public int? Dimensions { get; init; }
}
