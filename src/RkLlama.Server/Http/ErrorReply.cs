using System.Text.Json.Serialization;

namespace RkLlama.Server.Http;

/// <summary>Every error. The Python service said <c>status</c> and <c>message</c> where <c>messages</c> was missing; its clients may look for them.</summary>
internal sealed record ErrorReply(
    string Error,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Status = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Id = null)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Code { get; init; }

    /// <summary>Of a model that was not loaded: the command that says what to do, and the name of the line that is about this.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? See { get; init; }

    /// <summary>Of a prompt that is too long: its tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptTokens { get; init; }

    /// <summary>Of a prompt that is too long: the tokens the model's context has.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }
}
