namespace RkLlama.Server.Http.Errors;

/// <summary>Thrown to answer a request with an error response. Each <see cref="IApi"/> serializes it in its own format.</summary>
internal sealed class ApiException(int status, ErrorReply reply) : Exception(reply.Error)
{
    internal int Status => status;

    internal ErrorReply Reply => reply;

    /// <summary>
    /// Error code for the OpenAI API. It can also select the message of the Ollama API. If it is null, both use <see cref="ErrorReply.Code"/>.
    /// </summary>
    internal string? Code { get; init; }

    /// <summary>Name of the request field that is wrong; null if the error concerns no single field.</summary>
    internal string? Parameter { get; init; }

    /// <summary>Message for the OpenAI API; null to use <see cref="ErrorReply.Error"/>.</summary>
    internal string? OpenAiMessage { get; init; }

    /// <summary>Message for the Ollama API; null to use <see cref="ErrorReply.Error"/>. Some clients search for the text of Ollama's own messages.</summary>
    internal string? OllamaMessage { get; init; }

    /// <summary>Value of the field error_type in the errors of Text Embeddings Inference; null for an error in the form of the request's API.</summary>
    internal string? InferenceType { get; init; }

    /// <summary>Value of the header Retry-After, in seconds; null to send no such header.</summary>
    internal int? RetryAfterSeconds { get; init; }

    /// <summary>Whether the server closes the connection after the response.</summary>
    internal bool ClosesConnection { get; init; }

    /// <summary>Creates the error of a request that the node has cancelled, although its client may still wait.</summary>
    /// <param name="reason">Why, as one sentence.</param>
    internal static ApiException Cancelled(string reason) => new(StatusCodes.Status499ClientClosedRequest, new(reason) { Code = "cancelled" });

    internal static ApiException BadRequest(string message, string? parameter = null) =>
        new(StatusCodes.Status400BadRequest, new(message)) { Parameter = parameter };
}
