using System.Text.Json;
using RkLlama.Server.Api.Common.Embeddings;
using RkLlama.Server.Api.Common.Options;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi.Rerank;

/// <summary>The parsed and checked body of a request to judge documents.</summary>
/// <param name="Ignored">The names of the fields that have no effect.</param>
internal sealed record RerankRequest(RerankBody Body, IReadOnlyList<string> Documents, IReadOnlyList<string> Ignored)
{
    /// <summary>Whether the request, and so the answer, has the form of Text Embeddings Inference.</summary>
    internal bool IsInference => Body.Texts is not null;

    /// <summary>The name of the field with the documents.</summary>
    internal string Field => IsInference ? "texts" : "documents";

    /// <exception cref="ApiException">A field is missing, not supported, or has a wrong value. If the body has texts, the error has the form of Text Embeddings Inference.</exception>
    internal static RerankRequest From(JsonElement json)
    {
        try
        {
            return Read(json);
        }
        catch (ApiException ex) when (json.ValueKind == JsonValueKind.Object && json.TryGet("texts", out _) && !json.TryGet("documents", out _))
        {
            throw InferenceError.Of(ex);
        }
    }

    private static RerankRequest Read(JsonElement json)
    {
        JsonFields.RequireObject(json);
        string[]? texts = json.TryGet("texts", out JsonElement given) ? TextsOf("texts", given) : null;
        string[]? documents = json.TryGet("documents", out given) ? TextsOf("documents", given) : null;
        RerankBody body = OpenAiRequest.Read<RerankBody>(json);
        if (texts is not null && documents is not null)
            throw ApiException.BadRequest("documents and texts exclude each other: send one of them.", "texts");
        if (string.IsNullOrWhiteSpace(body.Query))
            throw ApiException.BadRequest("query is missing or empty: send a text.", "query");
        string field = texts is null ? "documents" : "texts";
        string[] all = texts ?? documents ?? throw ApiException.BadRequest("documents is missing: send an array of texts.", "documents");
        if (all.Length == 0)
            throw new ApiException(StatusCodes.Status400BadRequest, new($"{field} is empty: send an array of texts.")) { Parameter = field, InferenceType = texts is null ? null : InferenceError.Empty };
        if (all.Length > EmbeddingInput.MaxTexts)
            throw ApiException.BadRequest($"{field} has {all.Length} texts, at most {EmbeddingInput.MaxTexts} are allowed.", field);
        return new(body, all, IgnoredFields.Unknown<RerankBody>(OpenAiBodyJson.Reader, json));
    }

    private static string[] TextsOf(string field, JsonElement texts) => texts.ValueKind == JsonValueKind.Array
        ? [.. texts.EnumerateArray().Select((text, index) => TextOf(text, field, index))]
        : throw JsonFields.Wrong(field, "an array of texts");

    private static string TextOf(JsonElement document, string field, int index) => document switch
    {
        { ValueKind: JsonValueKind.String } => document.GetString()!,
        { ValueKind: JsonValueKind.Object } when field == "documents" && document.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String => text.GetString()!,
        _ => throw JsonFields.Wrong($"{field}[{index}]", field == "documents" ? "a text, or an object with the field text" : "a text"),
    };
}
