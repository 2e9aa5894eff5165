using System.Text.Json.Serialization;

namespace RkLlama.Server.Http.Errors;

/// <summary>Error response of the RkLlama API.</summary>
/// <param name="Error">What is wrong.</param>
/// <param name="Status">Only in the error for a missing messages field: always "error", as in the Python service rkllama. Old clients may read it.</param>
/// <param name="Message">Only together with status: the message of the Python service.</param>
/// <param name="Id">Only for an unexpected error: the id under which the server's log has the details.</param>
internal sealed record ErrorReply(
    string Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Status = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Id = null)
{
    /// <summary>Error code for programs, such as context_length_exceeded. Absent if the error has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Code { get; init; }

    /// <summary>
    /// Only if POST /load_model failed: the command that shows the cause, rkllama doctor. If the cause is known, the name of the check follows in parentheses,
    /// for example rkllama doctor (model-file).
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? See { get; init; }

    /// <summary>Only if the prompt is too long: the number of tokens of the prompt.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptTokens { get; init; }

    /// <summary>Only if the prompt is too long: the model's context length in tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }
}
