using System.Text.Json;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>What the requests of the OpenAI API have in common.</summary>
internal static class RequestFields
{
    private const int MostStops = 16;

    internal static void RequireObject(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest("The body must be a JSON object.");
    }

    internal static string ReadModel(JsonElement body) => body.Text("model") is { Length: > 0 } model
        ? model
        : throw ApiException.BadRequest("model is missing: name one of GET /v1/models.", "model");

    /// <summary>One answer at a time, in text.</summary>
    internal static void RequireOne(JsonElement body)
    {
        foreach (string name in (ReadOnlySpan<string>)["n", "best_of"])
        {
            if (body.Integer(name, 0, int.MaxValue) is > 1)
                throw Unsupported($"{name} must be 1: the NPU makes one answer at a time.", name);
        }

        if (body.Array("modalities") is { } modalities && modalities.Any(static item => item.ValueKind != JsonValueKind.String || item.GetString() != "text"))
            throw Unsupported("modalities must be [\"text\"]: this is a text model.", "modalities");
    }

    /// <summary>The first of the names that is there; 0 and −1 are no bound but the model's.</summary>
    internal static int? ReadMaxTokens(JsonElement body, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (body.Integer(name, -1, int.MaxValue) is { } tokens)
                return tokens > 0 ? tokens : null;
        }

        return null;
    }

    internal static IReadOnlyList<string> ReadStops(JsonElement body)
    {
        IReadOnlyList<string> stops = body.Stops();
        return stops.Count <= MostStops ? stops : throw JsonFields.Wrong("stop", $"at most {MostStops} strings");
    }

    internal static ApiException Unsupported(string message, string parameter) =>
        new(StatusCodes.Status400BadRequest, new(message)) { Code = "unsupported_value", Parameter = parameter };
}
