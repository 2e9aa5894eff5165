namespace RkLlama.Server.OpenApi;

/// <summary>Endpoint metadata for the OpenAPI document: everything that it has about the endpoint, except the route.</summary>
/// <param name="Id">The operationId, from which generated clients make the method name.</param>
/// <param name="Summary">What the endpoint does, in one line.</param>
internal sealed record Operation(string Id, string Summary)
{
    /// <summary>Further information.</summary>
    internal string? Description { get; init; }

    /// <summary>Type of the request body; null for none.</summary>
    internal Type? Body { get; init; }

    /// <summary>An example of a valid body. It has every nested object, because tests vary the fields of all objects.</summary>
    internal string? Example { get; init; }

    /// <summary>Type of the response that is not streamed; null if it has no body.</summary>
    internal Type? Reply { get; init; }

    /// <summary>Content type of the response that is not streamed.</summary>
    internal string ReplyType { get; init; } = "application/json";

    /// <summary>Type of one event or line of a streamed response; null if there is none.</summary>
    internal Type? StreamItem { get; init; }

    /// <summary>Content type of a streamed response.</summary>
    internal string StreamContentType { get; init; } = "text/event-stream";

    /// <summary>Whether the request waits in the queue and runs a model.</summary>
    internal bool RunsModel { get; init; }

    /// <summary>Whether a retry replaces the request.</summary>
    internal bool IsReplaceable { get; init; }

    /// <summary>Whether the request has sampling fields. The header X-RkLlama-Ignored reports those without effect.</summary>
    internal bool HasSamplingFields { get; init; }

    /// <summary>Whether no API key is needed.</summary>
    internal bool AllowsAnonymous { get; init; }

    /// <summary>Whether the endpoint also answers while the server drains and above the connection limit.</summary>
    internal bool IgnoresLimits { get; init; }

    /// <summary>Whether the endpoint is not implemented and answers 501.</summary>
    internal bool IsNotImplemented { get; init; }

    /// <summary>Description of status 404.</summary>
    internal string NotFound { get; init; } = "There is no such model.";

    /// <summary>Error statuses of this endpoint, in addition to those that follow from the other properties.</summary>
    internal IReadOnlyList<int> Errors { get; init; } = [];

    /// <summary>All error statuses.</summary>
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
        .. RunsModel ? (int[])[StatusCodes.Status500InternalServerError] : [],
        .. IsReplaceable ? (int[])[StatusCodes.Status499ClientClosedRequest] : [],
    ]);
}
