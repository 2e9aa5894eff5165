namespace RkLlama.Server.Http;

/// <summary>Which bounds an endpoint is exempt from; endpoint metadata.</summary>
/// <param name="IsOpen">Needs no API key.</param>
/// <param name="AnswersAlways">Answers also beyond the limit of connections and while the server drains: that is when operators look.</param>
internal sealed record EndpointAccess(bool IsOpen, bool AnswersAlways)
{
    internal static EndpointAccess Probe { get; } = new(true, true);

    internal static EndpointAccess Monitoring { get; } = new(false, true);

    internal static EndpointAccess Open { get; } = new(true, false);

    private static EndpointAccess Bounded { get; } = new(false, false);

    internal static EndpointAccess Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<EndpointAccess>() ?? Bounded;
}
