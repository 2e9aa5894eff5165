using System.Text.Json.Serialization;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>Every error of the OpenAI API. All four keys of the inner object are required.</summary>
internal sealed record OpenAiError(OpenAiErrorBody Error)
{
    internal static OpenAiError From(ApiException error) => new(new OpenAiErrorBody(
        error.OpenAiMessage ?? error.Message,
        error.Status switch
        {
            StatusCodes.Status429TooManyRequests => "rate_limit_exceeded",
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

internal sealed record OpenAiErrorBody(string Message, string Type, string? Param, string? Code)
{
    /// <summary>As llama-server names it.</summary>
    [JsonPropertyName("n_prompt_tokens")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptTokens { get; init; }

    /// <summary>As llama-server names it.</summary>
    [JsonPropertyName("n_ctx")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ContextLength { get; init; }
}
