using RkLlama.Server.Contracts.RkLlama;

namespace RkLlama.Server.Endpoints;

/// <summary>A request that gets an error for an answer; written by <see cref="ErrorHandling"/>.</summary>
internal sealed class ApiException(int status, ErrorReply reply) : Exception(reply.Error)
{
    internal int Status => status;

    internal ErrorReply Reply => reply;

    /// <summary>Whole seconds after which it is worth trying again.</summary>
    internal int? RetryAfterSeconds { get; init; }

    /// <summary>Whether this is the last answer on its connection.</summary>
    internal bool ClosesConnection { get; init; }

    internal static ApiException BadRequest(string message) => new(StatusCodes.Status400BadRequest, new(message));
}
