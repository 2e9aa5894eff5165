using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>Response of <c>GET /</c>.</summary>
internal sealed record WelcomeReply(string Message, string Github);

/// <summary>Response of <c>GET /models</c>.</summary>
internal sealed record ModelsReply(IReadOnlyList<string> Models);

/// <summary>Response of <c>GET /current_model</c>. The name is in two fields: model is the guide's, model_name is the Python service's.</summary>
/// <param name="State">restarting, failed or stuck. Absent if the model is loaded and works.</param>
/// <param name="Error">Only together with state: what happened.</param>
internal sealed record CurrentModelReply(
    string Model,
    string ModelName,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? State,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error);

/// <summary>Response of <c>POST /load_model</c> and <c>POST /unload_model</c>.</summary>
internal sealed record MessageReply(string Message);

/// <summary>Response of <c>POST /generate</c>, or one line of its stream. Both have the same fields.</summary>
/// <param name="Id">Always rkllm_chat.</param>
/// <param name="Object">Always rkllm_chat.</param>
/// <param name="Created">Always null.</param>
/// <param name="Choices">Always one.</param>
internal sealed record GenerateReply(string Id, string Object, long? Created, GenerateChoice[] Choices, GenerateUsage Usage)
{
    private const string Kind = "rkllm_chat";

    internal static GenerateReply From(string content, string? finishReason, GenerateUsage usage) =>
        new(Kind, Kind, null, [new("assistant", content, null, finishReason)], usage);
}

/// <param name="Content">The text, reasoning included. In a stream, the new text.</param>
/// <param name="Logprobs">Always null.</param>
/// <param name="FinishReason">stop or length. In a stream, null before the last line.</param>
internal sealed record GenerateChoice(string Role, string Content, object? Logprobs, string? FinishReason);

/// <summary>Token counts so far.</summary>
/// <param name="PromptTokens">Tokens of the prompt: exact if the server has the model's tokenizer, else an estimate.</param>
/// <param name="CompletionTokens">Output tokens.</param>
/// <param name="TokensPerSecond">Output tokens divided by the time since the run started, prefill included.</param>
/// <param name="TotalTokens">Sum of prompt and output tokens.</param>
internal sealed record GenerateUsage(int PromptTokens, int CompletionTokens, double TokensPerSecond, int TotalTokens);
