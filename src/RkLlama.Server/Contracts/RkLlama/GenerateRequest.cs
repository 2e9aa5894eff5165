using System.Text.Json;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Endpoints;
using RkLlama.Server.Inference;

namespace RkLlama.Server.Contracts.RkLlama;

/// <summary>The body of <c>POST /generate</c>. Fields other than these are ignored, as the Python service did.</summary>
internal sealed record GenerateRequest(IReadOnlyList<ChatMessage> Messages, bool Stream)
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
            parsed.Add(Message(message, $"messages[{parsed.Count}]"));

        return new(parsed, body.TryGetProperty("stream", out JsonElement stream) && StreamOf(stream));
    }

    internal GenerationRequest ToGeneration() => new(Messages, SamplingParameters.Default, null);

    private static ApiException MessagesMissing(JsonElement body)
    {
        bool hasPrompt = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("prompt", out _);
        string text = hasPrompt
            ? "Use a messages array, not a prompt string: {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}."
            : "messages is missing: send {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]}.";

        // The words of the Python service, beside ours.
        return new(StatusCodes.Status400BadRequest, new(text, "error", "Données JSON invalides !"));
    }

    private static ChatMessage Message(JsonElement message, string path)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw ApiException.BadRequest($"{path} must be an object with role and content.");

        string role = message.TryGetProperty("role", out JsonElement roleElement) && roleElement.ValueKind == JsonValueKind.String
            ? roleElement.GetText($"{path}.role")
            : throw ApiException.BadRequest($"{path}.role must be a string: system, user, assistant or tool.");
        if (role is not ("system" or "developer" or "user" or "assistant" or "tool"))
            throw ApiException.BadRequest($"{path}.role is '{role}': use system, user, assistant or tool.");

        return new(role == "developer" ? "system" : role, Content(message, role, $"{path}.content"));
    }

    private static string Content(JsonElement message, string role, string path)
    {
        bool absent = !message.TryGetProperty("content", out JsonElement content) || content.ValueKind == JsonValueKind.Null;
        return (absent, content.ValueKind) switch
        {
            (true, _) when role == "assistant" => "",
            (true, _) => throw ApiException.BadRequest($"{path} is missing: a {role} message needs text."),
            (_, JsonValueKind.String) => content.GetText(path),
            _ => throw ApiException.BadRequest($"{path} must be a string."),
        };
    }

    /// <summary>As the guide's clients write it: true, false, 1, 0; null is as absent.</summary>
    private static bool StreamOf(JsonElement stream) => stream.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False or JsonValueKind.Null => false,
        JsonValueKind.Number when stream.TryGetDouble(out double number) && number is 0 or 1 => number == 1,
        _ => throw ApiException.BadRequest("stream must be true or false."),
    };
}
