using System.Runtime.InteropServices;
using System.Text.Json;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Checks and conversions that several requests of the OpenAI API have in common.</summary>
internal static class OpenAiRequest
{
    /// <summary>Deserializes a body.</summary>
    /// <exception cref="ApiException">Status 400: the body is not a JSON object, or a field has a wrong value.</exception>
    internal static T Read<T>(JsonElement json)
        where T : class
    {
        JsonFields.RequireObject(json);
        return OpenAiBodyJson.Reader.Read<T>(json);
    }

    /// <summary>Checks that the request asks for at most one completion.</summary>
    /// <exception cref="ApiException">Status 400: the request asks for more.</exception>
    internal static void RequireSingleCompletion(int? n, int? bestOf)
    {
        foreach ((string name, int? count) in (ReadOnlySpan<(string, int?)>)[("n", n), ("best_of", bestOf)])
        {
            if (count > 1)
                throw Unsupported($"{name} must be 1: the NPU makes one answer at a time.", name);
        }
    }

    /// <summary>Returns the name of the field that asks for other types of output than text, for the response header; empty if it asks only for text.</summary>
    internal static IEnumerable<string> IgnoredModalities(string?[]? modalities) =>
        modalities?.Any(static item => item != "text") == true ? ["modalities"] : [];

    /// <summary>Returns the maximum number of output tokens. If the request has 0, −1 or no value, returns null: the model's own limit applies.</summary>
    internal static int? MaxTokens(int? asked) => asked > 0 ? asked : null;

    // The response repeats the metadata, so it must not be large. OpenAI allows 16 texts of 512 characters.
    private const int MaxMetadataBytes = 64 << 10;

    /// <summary>Returns the metadata, if they are an object that is not too large.</summary>
    /// <exception cref="ApiException">Status 400: they are not.</exception>
    internal static JsonElement? CheckMetadata(JsonElement? metadata) => metadata switch
    {
        null => null,
        { ValueKind: not JsonValueKind.Object } => throw JsonFields.Wrong("metadata", "an object"),
        { } json when JsonMarshal.GetRawUtf8Value(json).Length > MaxMetadataBytes => throw JsonFields.Wrong("metadata", $"an object of at most {MaxMetadataBytes} bytes"),
        _ => metadata,
    };

    internal static ApiException Unsupported(string message, string parameter) =>
        new(StatusCodes.Status400BadRequest, new(message)) { Code = "unsupported_value", Parameter = parameter };
}
