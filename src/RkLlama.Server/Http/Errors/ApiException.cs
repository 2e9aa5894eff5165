namespace RkLlama.Server.Http.Errors;

/// <summary>An error response. Each <see cref="IApi"/> serializes it in its own format.</summary>
internal sealed class ApiException(int status, ErrorReply reply) : Exception(reply.Error)
{
    internal int Status => status;

    internal ErrorReply Reply => reply;

    /// <summary>Error code of the OpenAI API, also used to choose Ollama's message. Null selects the native API's, <see cref="ErrorReply.Code"/>.</summary>
    internal string? Code { get; init; }

    /// <summary>The request field that is wrong.</summary>
    internal string? Parameter { get; init; }

    /// <summary>Message of the OpenAI API, if it differs from <see cref="ErrorReply.Error"/>; otherwise null.</summary>
    internal string? OpenAiMessage { get; init; }

    /// <summary>Message of the Ollama API, if it differs from <see cref="ErrorReply.Error"/>; otherwise null. Clients search for this text.</summary>
    internal string? OllamaMessage { get; init; }

    /// <summary>Value of the header Retry-After, in seconds.</summary>
    internal int? RetryAfterSeconds { get; init; }

    /// <summary>Whether the server closes the connection after this response.</summary>
    internal bool ClosesConnection { get; init; }

    internal static ApiException BadRequest(string message, string? parameter = null) =>
        new(StatusCodes.Status400BadRequest, new(message)) { Parameter = parameter };
}
