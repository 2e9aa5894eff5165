using System.Text.Json.Serialization;

namespace RkLlama.Server.Api.RkLlama;

/// <summary>Response of <c>GET /</c>.</summary>
internal sealed record WelcomeReply(string Message, string Github);

/// <summary>Response of <c>GET /models</c>.</summary>
internal sealed record ModelsReply(IReadOnlyList<string> Models);

/// <summary>Response of <c>GET /models/{name}/files</c>.</summary>
/// <param name="Revision">Another one after each change of a file.</param>
/// <param name="ModelFile">Path of the .rkllm file.</param>
/// <param name="Hashing">Whether the node still computes hashes of files without sha256.</param>
internal sealed record SharedFilesReply(string Revision, string ModelFile, bool Hashing, IReadOnlyList<SharedFileReply> Files);

/// <param name="Path">Path in the model's directory.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="Etag">The header ETag of the file, with its quotes.</param>
/// <param name="Sha256">SHA-256 of the content. Absent if it is not known.</param>
internal sealed record SharedFileReply(
    string Path, long Size, string Etag, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sha256);

/// <summary>
/// Response of <c>GET /current_model</c>. model and model_name have the same value: the Python service rkllama sends model_name, but its guide documents model.
/// </summary>
/// <param name="State">restarting, failed, or stuck (the NPU driver blocks the worker process). Absent if the model is loaded and works.</param>
/// <param name="Error">Only together with state: the reason.</param>
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
/// <param name="Choices">Always one choice.</param>
internal sealed record GenerateReply(string Id, string Object, long? Created, GenerateChoice[] Choices, GenerateUsage Usage)
{
    private const string Kind = "rkllm_chat";

    internal static GenerateReply From(string content, string? finishReason, GenerateUsage usage) =>
        new(Kind, Kind, null, [new("assistant", content, null, finishReason)], usage);
}

/// <param name="Content">The output text, reasoning included. In a stream: only the new text.</param>
/// <param name="Logprobs">Always null.</param>
/// <param name="FinishReason">stop or length. In a stream: null before the last line.</param>
internal sealed record GenerateChoice(string Role, string Content, object? Logprobs, string? FinishReason);

/// <summary>Token counts. In a stream: the counts so far.</summary>
/// <param name="PromptTokens">Number of tokens of the prompt. Exact if the server has the model's tokenizer, otherwise an estimate.</param>
/// <param name="CompletionTokens">Number of output tokens.</param>
/// <param name="TokensPerSecond">Output tokens divided by the time since the start of the run. This time includes the prefill.</param>
/// <param name="TotalTokens">prompt_tokens plus completion_tokens.</param>
internal sealed record GenerateUsage(int PromptTokens, int CompletionTokens, double TokensPerSecond, int TotalTokens);
