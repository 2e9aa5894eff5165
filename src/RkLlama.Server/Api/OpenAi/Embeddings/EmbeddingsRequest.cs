using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Engine.Generation;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Embeddings;

/// <summary>The parsed and checked body of <c>POST /v1/embeddings</c>.</summary>
/// <param name="IsBase64">Whether the response has the vectors in base64. A client that asks for base64 cannot read another format.</param>
/// <param name="Dimensions">Number of values of each vector; null for all.</param>
/// <param name="InputType">What the texts are for.</param>
/// <param name="Model">The model; null for the loaded model, until the endpoint sets its name.</param>
internal sealed record EmbeddingsRequest(string? Model, IReadOnlyList<TextOrTokens> Input, bool IsBase64, int? Dimensions, InputTypeFields InputType, IReadOnlyList<string> Unsupported)
{
    /// <exception cref="ApiException">Status 400: a field is missing, not supported, or has a wrong value.</exception>
    internal static EmbeddingsRequest From(JsonElement json)
    {
        EmbeddingsBody body = OpenAiRequest.Read<EmbeddingsBody>(json);
        IReadOnlyList<TextOrTokens> texts = body.Input.Inputs ?? [];
        if (texts.Count == 0 || texts.Any(static text => text is { Text: "" } or { Tokens.Count: 0 }))
            throw ApiException.BadRequest("input is missing or empty: send a text, or an array of texts.", "input");
        bool isBase64 = body.EncodingFormat switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw JsonFields.Wrong("encoding_format", "\"float\" or \"base64\""),
        };
        return new(
            body.Model,
            EmbeddingInput.Check(texts),
            isBase64,
            body.Dimensions,
            InputTypeFields.Read(body.InputType, body.PromptName, body.Task),
            IgnoredFields.Unknown<EmbeddingsBody>(OpenAiBodyJson.Reader, json));
    }
}

/// <summary>Response of <c>POST /v1/embeddings</c>.</summary>
internal sealed record EmbeddingList(string Object, EmbeddingItem[] Data, string Model, EmbeddingUsage Usage);

internal sealed record EmbeddingItem(string Object, int Index, [property: AnyOf(typeof(float[]), typeof(string))] EmbeddingValues Embedding);

internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);

/// <summary>A vector. In JSON it is an array of numbers, or the values as little-endian float32, encoded in base64.</summary>
[InlineSchema]
[JsonConverter(typeof(EmbeddingConverter))]
internal sealed record EmbeddingValues(float[] Vector, bool IsBase64);

internal sealed class EmbeddingConverter : JsonConverter<EmbeddingValues>
{
    public override EmbeddingValues Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, EmbeddingValues value, JsonSerializerOptions options)
    {
        if (value.IsBase64)
        {
            writer.WriteBase64StringValue(MemoryMarshal.AsBytes<float>(value.Vector));
            return;
        }

        writer.WriteStartArray();
        foreach (float number in value.Vector)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}
