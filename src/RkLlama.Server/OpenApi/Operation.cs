namespace RkLlama.Server.OpenApi;

/// <summary>What the OpenAPI document says of one endpoint beyond its route; endpoint metadata.</summary>
/// <param name="Id">The name that generated clients give it.</param>
/// <param name="Summary">What it does, in one line.</param>
internal sealed record Operation(string Id, string Summary)
{
    /// <summary>What else there is to know.</summary>
    internal string? Description { get; init; }

    /// <summary>The record that describes the body.</summary>
    internal Type? Body { get; init; }

    /// <summary>A body that is accepted and has every field that holds other fields.</summary>
    internal string? Example { get; init; }

    /// <summary>The answer in one piece; null for one without a body.</summary>
    internal Type? Reply { get; init; }

    /// <summary>The content type of the answer in one piece.</summary>
    internal string ReplyType { get; init; } = "application/json";

    /// <summary>One event or one line of the answer as a stream.</summary>
    internal Type? Part { get; init; }

    /// <summary>The content type of the answer as a stream.</summary>
    internal string PartType { get; init; } = "text/event-stream";

    /// <summary>Whether it runs the model: then it waits in the queue.</summary>
    internal bool IsRun { get; init; }

    /// <summary>Whether a retry takes its place.</summary>
    internal bool IsReplaceable { get; init; }

    /// <summary>Whether sampling fields may be ignored, and are then named in a header.</summary>
    internal bool Samples { get; init; }

    /// <summary>Whether it needs no key.</summary>
    internal bool IsOpen { get; init; }

    /// <summary>Whether it answers also while the server drains and beyond its connections.</summary>
    internal bool IsProbe { get; init; }

    /// <summary>Whether it exists only to say that it does not exist yet.</summary>
    internal bool IsMissing { get; init; }

    /// <summary>What a 404 means.</summary>
    internal string NotFound { get; init; } = "There is no such model.";

    /// <summary>The statuses of errors that are this endpoint's own.</summary>
    internal IReadOnlyList<int> Errors { get; init; } = [];

    /// <summary>The statuses of all errors.</summary>
    internal IEnumerable<int> AllErrors => new SortedSet<int>(
    [
        .. Errors,
        StatusCodes.Status403Forbidden,
        .. IsOpen ? (int[])[] : [StatusCodes.Status401Unauthorized],
        .. IsProbe ? (int[])[] : [StatusCodes.Status503ServiceUnavailable],
        .. IsMissing ? (int[])[StatusCodes.Status501NotImplemented] : [],
        .. Body is null
            ? (int[])[]
            : [StatusCodes.Status400BadRequest, StatusCodes.Status408RequestTimeout, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType],
        .. IsRun ? (int[])[StatusCodes.Status500InternalServerError] : [],
        .. IsReplaceable ? (int[])[StatusCodes.Status499ClientClosedRequest] : [],
    ]);
}
