using System.Globalization;
using System.Net;

namespace RkLlama.Cli;

/// <summary>
/// Reads the address of a node as a user writes it: <c>node1</c>, <c>node1:8081</c>, <c>:8081</c>, <c>[fe80::1]:8081</c> or a URL. These are the forms of
/// <c>OLLAMA_HOST</c>.
/// </summary>
internal static class NodeAddress
{
    internal const int DefaultPort = 8080;

    /// <param name="text">The address. Quotes and spaces around it are ignored.</param>
    /// <param name="defaultPort">The port if the address has neither a port nor a scheme.</param>
    /// <returns>The base address, which ends with a slash; <see langword="null"/> if the text is not an address.</returns>
    internal static Uri? Parse(string text, int defaultPort)
    {
        string address = text.Trim().Trim('"', '\'').Trim();
        string url = address.Contains("://", StringComparison.Ordinal) ? address : $"http://{WithPort(address, defaultPort)}";
        if (!Uri.TryCreate(url.EndsWith('/') ? url : url + "/", UriKind.Absolute, out Uri? parsed) || parsed.Scheme is not ("http" or "https") || parsed.Host.Length == 0)
            return null;
        return Connectable(parsed);
    }

    private static string WithPort(string address, int defaultPort)
    {
        int slash = address.IndexOf('/', StringComparison.Ordinal);
        string host = slash < 0 ? address : address[..slash], path = slash < 0 ? "" : address[slash..];
        if (IPAddress.TryParse(host, out IPAddress? ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && !host.StartsWith('['))
            host = $"[{host}]";
        if (host is "" or "*")
            host = "127.0.0.1";
        else if (host.StartsWith(':'))
            host = "127.0.0.1" + host;
        bool hasPort = host.LastIndexOf(':') > host.LastIndexOf(']');
        return hasPort ? host + path : string.Create(CultureInfo.InvariantCulture, $"{host}:{defaultPort}{path}");
    }

    /// <summary>Replaces an address that a server listens on (all interfaces) with the loopback address, because clients cannot connect to it.</summary>
    private static Uri Connectable(Uri url) => IPAddress.TryParse(url.Host.Trim('[', ']'), out IPAddress? ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
        ? new UriBuilder(url) { Host = ip.Equals(IPAddress.Any) ? "127.0.0.1" : "[::1]" }.Uri
        : url;
}
