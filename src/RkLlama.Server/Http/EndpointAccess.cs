namespace RkLlama.Server.Http;

/// <summary>The access rules of an endpoint, as endpoint metadata. Endpoints without it skip no check and do not change the node.</summary>
/// <param name="AllowsAnonymous">The endpoint needs no API key.</param>
/// <param name="IgnoresLimits">
/// The endpoint also answers above the connection limit and while the server drains, because operators need it in these situations.
/// </param>
/// <param name="ChangesNode">The endpoint loads, unloads or changes models, so <c>--read-only</c> turns it off.</param>
internal sealed record EndpointAccess(bool AllowsAnonymous, bool IgnoresLimits, bool ChangesNode = false)
{
    internal static EndpointAccess Probe { get; } = new(true, true);

    internal static EndpointAccess Monitoring { get; } = new(false, true);

    internal static EndpointAccess Open { get; } = new(true, false);

    internal static EndpointAccess Management { get; } = new(false, false, ChangesNode: true);

    private static EndpointAccess Default { get; } = new(false, false);

    internal static EndpointAccess Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<EndpointAccess>() ?? Default;
}
