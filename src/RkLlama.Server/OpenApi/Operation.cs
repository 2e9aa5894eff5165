namespace RkLlama.Server.OpenApi;

/// <summary>Endpoint metadata that describes the endpoint in the OpenAPI document. Only path and method come from the route.</summary>
/// <param name="Id">The operationId. Client generators make the method name from it.</param>
/// <param name="Summary">What the endpoint does, in one line.</param>
internal sealed record Operation(string Id, string Summary)
{
    /// <summary>Further information about the endpoint; null for none.</summary>
    internal string? Description { get; init; }

    /// <summary>Type of the request body; null if the request has no body.</summary>
    internal Type? Body { get; init; }

    /// <summary>
    /// An example of a valid body, as JSON; null if the request has no body. It should contain every nested object, because tests vary the fields of all
    /// objects.
    /// </summary>
    internal string? Example { get; init; }

    /// <summary>Type of the response that is not streamed; null if it has no body.</summary>
    internal Type? Reply { get; init; }

    /// <summary>Content type of the response that is not streamed.</summary>
    internal string ReplyType { get; init; } = "application/json";

    /// <summary>Type of one event or line of a streamed response; null if the endpoint does not stream.</summary>
    internal Type? StreamItem { get; init; }

    /// <summary>Content type of a streamed response.</summary>
    internal string StreamContentType { get; init; } = "text/event-stream";

    /// <summary>Whether the request waits in the queue and runs a model.</summary>
    internal bool RunsModel { get; init; }

    /// <summary>Whether a retry of the request replaces it while it is queued or running.</summary>
    internal bool IsReplaceable { get; init; }

    /// <summary>Whether the request has sampling fields. The response header X-RkLlama-Ignored names the fields that have no effect.</summary>
    internal bool HasSamplingFields { get; init; }

    /// <summary>Whether the endpoint needs no API key.</summary>
    internal bool AllowsAnonymous { get; init; }

    /// <summary>Whether the endpoint also answers while the server drains and above the connection limit.</summary>
    internal bool IgnoresLimits { get; init; }

    /// <summary>Whether the endpoint is not implemented and answers 501.</summary>
    internal bool IsNotImplemented { get; init; }

    /// <summary>Description of status 404, if the endpoint has it.</summary>
    internal string NotFound { get; init; } = "There is no such model.";

    /// <summary>Error statuses of this endpoint that do not follow from the other properties.</summary>
    internal IReadOnlyList<int> Errors { get; init; } = [];

    /// <summary>All error statuses of this endpoint, in ascending order.</summary>
    internal IEnumerable<int> AllErrors => new SortedSet<int>(
    [
        .. Errors,
        StatusCodes.Status403Forbidden,
        .. AllowsAnonymous ? (int[])[] : [StatusCodes.Status401Unauthorized],
        .. IgnoresLimits ? (int[])[] : [StatusCodes.Status503ServiceUnavailable],
        .. IsNotImplemented ? (int[])[StatusCodes.Status501NotImplemented] : [],
        .. Body is null
            ? (int[])[]
            : [StatusCodes.Status400BadRequest, StatusCodes.Status408RequestTimeout, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType],
        .. RunsModel ? (int[])[StatusCodes.Status422UnprocessableEntity, StatusCodes.Status500InternalServerError] : [],
        .. IsReplaceable ? (int[])[StatusCodes.Status499ClientClosedRequest] : [],
    ]);
}
