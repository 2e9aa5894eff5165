using System.Text.Json.Serialization;

namespace RkLlama.Server.Http.Errors;

/// <summary>Error response of the native API.</summary>
/// <param name="Error">What is wrong.</param>
/// <param name="Status">Only if messages is missing: the field of the Python service, whose clients may read it.</param>
/// <param name="Message">Like status.</param>
/// <param name="Id">Only for an unexpected error: its id in the server's log.</param>
internal sealed record ErrorReply(
    string Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Status = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Id = null)
{
    /// <summary>Code for programs, such as context_length_exceeded. Absent if there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Code { get; init; }

    /// <summary>Only if a load failed: the command that explains it, and the name of its check, such as rkllama doctor (model-file).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? See { get; init; }

    /// <summary>Only if the prompt is too long: its tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptTokens { get; init; }

    /// <summary>Only if the prompt is too long: the model's context length in tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }
}
