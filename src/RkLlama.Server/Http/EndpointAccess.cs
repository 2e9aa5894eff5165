namespace RkLlama.Server.Http;

/// <summary>Endpoint metadata: the checks that an endpoint is exempt from.</summary>
/// <param name="AllowsAnonymous">The endpoint needs no API key.</param>
/// <param name="IgnoresLimits">The endpoint also answers above the connection limit and while the server drains, because operators need it then.</param>
internal sealed record EndpointAccess(bool AllowsAnonymous, bool IgnoresLimits)
{
    internal static EndpointAccess Probe { get; } = new(true, true);

    internal static EndpointAccess Monitoring { get; } = new(false, true);

    internal static EndpointAccess Open { get; } = new(true, false);

    private static EndpointAccess Default { get; } = new(false, false);

    internal static EndpointAccess Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<EndpointAccess>() ?? Default;
}
