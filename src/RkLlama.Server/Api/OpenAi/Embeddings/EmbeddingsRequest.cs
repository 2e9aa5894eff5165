using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using RkLlama.Server.Http;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.OpenAi.Embeddings;

/// <summary>The body of <c>POST /v1/embeddings</c>.</summary>
/// <param name="IsBase64">Clients that ask for base64 read nothing else.</param>
/// <param name="Dimensions">The first so many values, again of length 1; null for all.</param>
internal sealed record EmbeddingsRequest(string Model, IReadOnlyList<string> Input, bool IsBase64, int? Dimensions)
{
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static EmbeddingsRequest From(JsonElement json)
    {
        EmbeddingsBody body = OpenAiRequest.Read<EmbeddingsBody>(json);
        string model = OpenAiRequest.RequireModel(body.Model);
        if (body.Input.HasTokens)
            throw OpenAiRequest.Unsupported("input must be text: token ids belong to one tokenizer, and a client's is not the model's (LangChain: check_embedding_ctx_length=False).", "input");
        IReadOnlyList<string> texts = body.Input.Texts ?? [];
        if (texts.Count == 0 || texts.Any(static text => text.Length == 0))
            throw ApiException.BadRequest("input is missing or empty: send a text, or an array of texts.", "input");
        bool isBase64 = body.EncodingFormat switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw JsonFields.Wrong("encoding_format", "\"float\" or \"base64\""),
        };
        return new(model, texts, isBase64, body.Dimensions);
    }
}

/// <summary>The answer of <c>POST /v1/embeddings</c>.</summary>
internal sealed record EmbeddingList(string Object, EmbeddingItem[] Data, string Model, EmbeddingUsage Usage);

internal sealed record EmbeddingItem(string Object, int Index, [property: AnyOf(typeof(float[]), typeof(string))] EmbeddingValues Embedding);

internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);

/// <summary>A vector, as numbers or as base64 of its float32 values, little-endian.</summary>
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
