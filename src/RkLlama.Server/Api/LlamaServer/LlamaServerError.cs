using System.Text.Json.Serialization;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.LlamaServer;

/// <summary>Error response in the form of llama-server.</summary>
internal sealed record LlamaServerError(LlamaServerErrorBody Error)
{
    internal static LlamaServerError From(ApiException error) => new(new LlamaServerErrorBody(error.Status, error.Message, error.Status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status503ServiceUnavailable => "unavailable_error",
        < 500 => error.Reply.PromptTokens is null ? "invalid_request_error" : "exceed_context_size_error",
        _ => "server_error",
    })
    {
        PromptTokens = error.Reply.PromptTokens,
        ContextLength = error.Reply.ContextLength,
    });
}

/// <param name="Code">The HTTP status.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Type">
/// authentication_error (status 401), permission_error (403), not_found_error (404), exceed_context_size_error (the prompt is too long), invalid_request_error
/// (another 4xx status), unavailable_error (503) or server_error (another 5xx status).
/// </param>
internal sealed record LlamaServerErrorBody(int Code, string Message, string Type)
{
    /// <summary>Only if the prompt is too long: the number of tokens of the prompt.</summary>
    [JsonPropertyName("n_prompt_tokens")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptTokens { get; init; }

    /// <summary>Only if the prompt is too long: the model's context length in tokens.</summary>
    [JsonPropertyName("n_ctx")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }
}
