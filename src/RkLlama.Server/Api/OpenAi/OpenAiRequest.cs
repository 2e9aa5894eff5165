using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Checks and conversions that several requests of the OpenAI API have in common.</summary>
internal static class OpenAiRequest
{
    private const int MaxStops = 16;

    /// <summary>Deserializes a body.</summary>
    /// <exception cref="ApiException">Status 400: the body is not a JSON object, or a field has a wrong value.</exception>
    internal static T Read<T>(JsonElement json)
        where T : class
    {
        RequireObject(json);
        return OpenAiBodyJson.Reader.Read<T>(json);
    }

    internal static void RequireObject(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest("The body must be a JSON object.");
    }

    internal static string RequireModel(string? model) => model is { Length: > 0 }
        ? model
        : throw ApiException.BadRequest("model is missing: name one of GET /v1/models.", "model");

    /// <summary>Checks that the request asks for at most one completion, and only for text.</summary>
    /// <exception cref="ApiException">Status 400: the request asks for more.</exception>
    internal static void RequireSingleTextCompletion(int? n, int? bestOf, string?[]? modalities)
    {
        foreach ((string name, int? count) in (ReadOnlySpan<(string, int?)>)[("n", n), ("best_of", bestOf)])
        {
            if (count > 1)
                throw Unsupported($"{name} must be 1: the NPU makes one answer at a time.", name);
        }

        if (modalities is not null && modalities.Any(static item => item != "text"))
            throw Unsupported("modalities must be [\"text\"]: this is a text model.", "modalities");
    }

    /// <summary>Returns the maximum number of output tokens. If the request has 0, −1 or no value, returns null: the model's own limit applies.</summary>
    internal static int? MaxTokens(int? asked) => asked > 0 ? asked : null;

    internal static IReadOnlyList<string> Stops(StringOrArray? stop)
    {
        IReadOnlyList<string> stops = StopOptions.From(stop);
        return stops.Count <= MaxStops ? stops : throw JsonFields.Wrong("stop", $"at most {MaxStops} strings");
    }

    internal static ApiException Unsupported(string message, string parameter) =>
        new(StatusCodes.Status400BadRequest, new(message)) { Code = "unsupported_value", Parameter = parameter };
}
