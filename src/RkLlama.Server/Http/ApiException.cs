namespace RkLlama.Server.Http;

/// <summary>A request that gets an error for an answer; each <see cref="IApi"/> writes it in its own form.</summary>
internal sealed class ApiException(int status, ErrorReply reply) : Exception(reply.Error)
{
    internal int Status => status;

    internal ErrorReply Reply => reply;

    /// <summary>What is wrong, in one word for programs; see <see cref="ErrorReply.Code"/> for the guide's API.</summary>
    internal string? Code { get; init; }

    /// <summary>The field that is wrong.</summary>
    internal string? Parameter { get; init; }

    /// <summary>OpenAI's own words for it, where they differ.</summary>
    internal string? OpenAiMessage { get; init; }

    /// <summary>Ollama's own words for it, where they differ: clients look for them.</summary>
    internal string? OllamaMessage { get; init; }

    /// <summary>Whole seconds after which it is worth trying again.</summary>
    internal int? RetryAfterSeconds { get; init; }

    /// <summary>Whether this is the last answer on its connection.</summary>
    internal bool ClosesConnection { get; init; }

    internal static ApiException BadRequest(string message, string? parameter = null) =>
        new(StatusCodes.Status400BadRequest, new(message)) { Parameter = parameter };
}
