using System.Globalization;
using System.Text.Json.Serialization;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Anthropic;

/// <summary>Error response of the Anthropic API, or the last event of a stream that failed.</summary>
/// <param name="Type">Always error.</param>
/// <param name="RequestId">The id of the request, as in the header request-id.</param>
internal sealed record AnthropicError(string Type, AnthropicErrorBody Error, string RequestId)
{
    internal static AnthropicError From(ApiException error, string requestId) => new("error", new(TypeOf(error.Status), MessageOf(error))
    {
        Details = (error.Code ?? error.Reply.Code) is { } code ? new(code) : null,
    }, requestId);

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status404NotFound => "not_found_error",
        StatusCodes.Status408RequestTimeout => "timeout_error",
        StatusCodes.Status413PayloadTooLarge => "request_too_large",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        StatusCodes.Status503ServiceUnavailable => "overloaded_error",
        < 500 => "invalid_request_error",
        _ => "api_error",
    };

    /// <summary>Returns the message. Claude Code searches for the words of a prompt that is too long, and then shortens the conversation.</summary>
    private static string MessageOf(ApiException error)
    {
        string message = error.OpenAiMessage ?? error.Message;
        return error.Reply is { PromptTokens: { } prompt, ContextLength: { } context }
            ? string.Create(CultureInfo.InvariantCulture, $"prompt is too long: {prompt} tokens > {context} maximum. {message}")
            : message;
    }
}

/// <param name="Type">
/// authentication_error (status 401), permission_error (403), not_found_error (404), timeout_error (408), request_too_large (413), rate_limit_error (429),
/// overloaded_error (503), invalid_request_error (another 4xx status) or api_error (another 5xx status).
/// </param>
/// <param name="Message">What is wrong.</param>
internal sealed record AnthropicErrorBody(string Type, string Message)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AnthropicErrorDetails? Details { get; init; }
}

/// <param name="ErrorCode">Error code for programs, such as context_length_exceeded: the same codes as in the OpenAI API.</param>
internal sealed record AnthropicErrorDetails(string ErrorCode);
