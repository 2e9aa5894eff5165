using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common.Messages;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>The parsed and checked body of <c>POST /generate</c>. Unknown fields are ignored, as in the Python service rkllama.</summary>
/// <param name="Ignored">Names of the fields and parts that have no effect.</param>
internal sealed record GenerateRequest(Conversation Conversation, bool Stream, IReadOnlyList<string> Ignored)
{
    /// <exception cref="ApiException">Status 400: a field is missing or has a wrong value.</exception>
    internal static GenerateRequest From(JsonElement body)
    {
        // These two errors are not left to the body reader, because their messages have more details.
        if (body.ValueKind != JsonValueKind.Object || !body.TryGet("messages", out JsonElement messages))
            throw MessagesMissing(body);
        if (messages.ValueKind != JsonValueKind.Array)
            throw ApiException.BadRequest("messages must be an array of {\"role\", \"content\"} objects.");

        GenerateBody fields = RkLlamaBodyJson.Reader.Read<GenerateBody>(body);
        if (fields.Messages.Length == 0)
            throw ApiException.BadRequest("messages is empty: send at least one message.");
        Conversation conversation = new(MessageReader.ReadAll(fields.Messages, out UnreadableContent unreadable))
        {
            Tools = ToolsOf(fields.Tools),
            EnableThinking = fields.EnableThinking,
            ContinuesLastMessage = true,
        };
        return new(conversation, fields.Stream ?? false, [.. unreadable.Omitted]);
    }

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(Conversation, SamplingParameters.Default, null) { Trace = trace };

    private static ApiException MessagesMissing(JsonElement body)
    {
        bool hasPrompt = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("prompt", out _);
        string text = hasPrompt
            ? "Use a messages array, not a prompt string: {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}."
            : "messages is missing: send {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}.";

        // Clients of the Python service rkllama may read its status and message, so the response has them in addition to the error.
        return new(StatusCodes.Status400BadRequest, new(text, "error", "Données JSON invalides !"));
    }

    private static List<JsonElement>? ToolsOf(JsonElement? tools)
    {
        if (tools is not { } array)
            return null;
        if (array.ValueKind != JsonValueKind.Array || array.EnumerateArray().Any(static tool => tool.ValueKind != JsonValueKind.Object))
            throw ApiException.BadRequest("tools must be an array of objects.");
        return [.. array.EnumerateArray()];
    }
}
