using System.Net;
using RkLlama.Engine.Configuration;

namespace RkLlama.Server.Middleware;

/// <summary>
/// The host names by which clients may address this node: those that exist only in the local network. Anybody can create a name in the public DNS that
/// points to this node (DNS rebinding). The pages of that name could then read the answers of the node.
/// </summary>
internal sealed class HostNames
{
    // Domains that the public DNS does not have.
    private static readonly string[] LocalDomains = [".localhost", ".local", ".lan", ".internal", ".home.arpa", ".svc"];

    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly string[] _domains;

    public HostNames(NodeOptions options)
    {
        AllowsAll = options.Hosts.Contains("*") || options.Origins.Contains("*");
        _domains = [.. LocalDomains, .. options.Hosts.Where(static host => host.StartsWith("*.", StringComparison.Ordinal)).Select(static host => host[1..])];
        _names.UnionWith(options.Hosts.Select(static host => host.TrimEnd('.')));
        _names.UnionWith(options.Origins.Select(static origin => Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) ? page.Host : "").Where(static host => host.Length > 0));
        _names.UnionWith([Environment.MachineName, Dns.GetHostName(), options.NodeName]);
    }

    /// <summary>Whether all names are allowed, because the operator has said so for hosts or for origins.</summary>
    internal bool AllowsAll { get; }

    /// <summary>Whether clients may address this node by this name.</summary>
    /// <param name="host">A name or an address without the port. An IPv6 address may have brackets.</param>
    internal bool IsAllowed(string host)
    {
        string name = host.TrimEnd('.');
        return AllowsAll
            || !name.Contains('.', StringComparison.Ordinal)
            || IPAddress.TryParse(name.Trim('[', ']'), out _)
            || _names.Contains(name)
            || Array.Exists(_domains, domain => name.EndsWith(domain, StringComparison.OrdinalIgnoreCase));
    }
}
