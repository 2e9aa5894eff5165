using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.RkLlama;

/// <summary><c>GET /</c>.</summary>
internal sealed record WelcomeReply(string Message, string Github);

/// <summary><c>GET /models</c>.</summary>
internal sealed record ModelsReply(IReadOnlyList<string> Models);

/// <summary><c>GET /current_model</c>: the guide's key, and the one the Python service's clients read.</summary>
/// <param name="State">Only while it is not simply loaded: restarting, failed, stuck.</param>
/// <param name="Error">Only then: what happened.</param>
internal sealed record CurrentModelReply(
    string Model,
    string ModelName,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error);

/// <summary><c>POST /load_model</c> and <c>/unload_model</c>.</summary>
internal sealed record MessageReply(string Message);

/// <summary><c>POST /generate</c>: the whole answer, or one line of a stream. Every line has the same shape.</summary>
internal sealed record GenerateReply(string Id, string Object, long? Created, GenerateChoice[] Choices, GenerateUsage Usage)
{
    private const string Kind = "rkllm_chat";

    internal static GenerateReply From(string content, string? finishReason, GenerateUsage usage) =>
        new(Kind, Kind, null, [new("assistant", content, null, finishReason)], usage);
}

internal sealed record GenerateChoice(string Role, string Content, object? Logprobs, string? FinishReason);

/// <param name="TokensPerSecond">Tokens of the answer by the time since its run began, prefill included.</param>
internal sealed record GenerateUsage(int PromptTokens, int CompletionTokens, double TokensPerSecond, int TotalTokens);
