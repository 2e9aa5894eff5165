namespace RkLlama.Server.Http;

/// <summary>The checks that an endpoint skips. It is set as endpoint metadata; endpoints without it skip none.</summary>
/// <param name="AllowsAnonymous">The endpoint needs no API key.</param>
/// <param name="IgnoresLimits">
/// The endpoint also answers above the connection limit and while the server drains, because operators need it in these situations.
/// </param>
internal sealed record EndpointAccess(bool AllowsAnonymous, bool IgnoresLimits)
{
    internal static EndpointAccess Probe { get; } = new(true, true);

    internal static EndpointAccess Monitoring { get; } = new(false, true);

    internal static EndpointAccess Open { get; } = new(true, false);

    private static EndpointAccess Default { get; } = new(false, false);

    internal static EndpointAccess Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<EndpointAccess>() ?? Default;
}
