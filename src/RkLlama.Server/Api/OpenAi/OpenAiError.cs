using System.Text.Json.Serialization;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Error response of the OpenAI API.</summary>
internal sealed record OpenAiError(OpenAiErrorBody Error)
{
    internal static OpenAiError From(ApiException error) => new(new OpenAiErrorBody(
        error.OpenAiMessage ?? error.Message,
        error.Status switch
        {
            StatusCodes.Status401Unauthorized => "authentication_error",
            < 500 => "invalid_request_error",
            _ => "server_error",
        },
        error.Parameter,
        error.Code ?? error.Reply.Code)
    {
        PromptTokens = error.Reply.PromptTokens,
        ContextLength = error.Reply.ContextLength,
    });
}

/// <summary>The error. Clients require the fields message, type, param and code, so these are always present.</summary>
/// <param name="Message">What is wrong.</param>
/// <param name="Type">authentication_error for status 401, invalid_request_error for another 4xx status, server_error for a 5xx status.</param>
/// <param name="Param">Name of the request field that is wrong; null if the error concerns no single field.</param>
/// <param name="Code">Error code for programs, such as context_length_exceeded; null if the error has none.</param>
internal sealed record OpenAiErrorBody(string Message, string Type, string? Param, string? Code)
{
    /// <summary>Only if the prompt is too long: the number of tokens of the prompt. llama-server uses the same name.</summary>
    [JsonPropertyName("n_prompt_tokens")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptTokens { get; init; }

    /// <summary>Only if the prompt is too long: the model's context length in tokens. llama-server uses the same name.</summary>
    [JsonPropertyName("n_ctx")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }
}
