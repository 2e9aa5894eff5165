using System.Text.Json;
using RkLlama.Engine.Generation;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>The body of <c>POST /generate</c>. Fields other than these are ignored, as the Python service did.</summary>
internal sealed record GenerateRequest(Conversation Conversation, bool Stream)
{
    /// <exception cref="ApiException">Status 400, with what to change.</exception>
    internal static GenerateRequest From(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("messages", out JsonElement messages) || messages.ValueKind == JsonValueKind.Null)
            throw MessagesMissing(body);
        if (messages.ValueKind != JsonValueKind.Array)
            throw ApiException.BadRequest("messages must be an array of {\"role\", \"content\"} objects.");
        if (messages.GetArrayLength() == 0)
            throw ApiException.BadRequest("messages is empty: send at least one message.");

        List<ChatMessage> parsed = new(messages.GetArrayLength());
        foreach (JsonElement message in messages.EnumerateArray())
            parsed.Add(MessageReader.Read(message, $"messages[{parsed.Count}]"));

        Conversation conversation = new(parsed)
        {
            Tools = ToolsOf(body),
            EnableThinking = body.TryGetProperty("enable_thinking", out JsonElement thinking) ? ThinkingOf(thinking) : null,
        };
        return new(conversation, body.TryGetProperty("stream", out JsonElement stream) && StreamOf(stream));
    }

    internal GenerationRequest ToGeneration(RequestTrace trace) => new(Conversation, SamplingParameters.Default, null) { Trace = trace };

    private static ApiException MessagesMissing(JsonElement body)
    {
        bool hasPrompt = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("prompt", out _);
        string text = hasPrompt
            ? "Use a messages array, not a prompt string: {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}."
            : "messages is missing: send {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}.";

        // The words of the Python service, beside ours.
        return new(StatusCodes.Status400BadRequest, new(text, "error", "Données JSON invalides !"));
    }

    private static List<JsonElement>? ToolsOf(JsonElement body)
    {
        if (!body.TryGetProperty("tools", out JsonElement tools) || tools.ValueKind == JsonValueKind.Null)
            return null;
        if (tools.ValueKind != JsonValueKind.Array || tools.EnumerateArray().Any(tool => tool.ValueKind != JsonValueKind.Object))
            throw ApiException.BadRequest("tools must be an array of objects.");
        return [.. tools.EnumerateArray()];
    }

    private static bool? ThinkingOf(JsonElement thinking) => thinking.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        _ => throw ApiException.BadRequest("enable_thinking must be true or false."),
    };

    /// <summary>As the guide's clients write it: true, false, 1, 0; null is as absent.</summary>
    private static bool StreamOf(JsonElement stream) => stream.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False or JsonValueKind.Null => false,
        JsonValueKind.Number when stream.TryGetDouble(out double number) && number is 0 or 1 => number == 1,
        _ => throw ApiException.BadRequest("stream must be true or false."),
    };
}
