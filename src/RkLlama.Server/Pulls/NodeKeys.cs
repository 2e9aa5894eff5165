using RkLlama.Engine.Configuration;
using RkLlama.Hub.Names;

namespace RkLlama.Server.Pulls;

/// <summary>
/// Decides which API key a pull sends to another node. A client may name any address, so the key of this node goes only to nodes that the operator has named in the
/// settings <c>--peers</c> or <c>--pull</c>. Thread-safe.
/// </summary>
internal sealed class NodeKeys(NodeOptions options)
{
    private readonly HashSet<string> _trusted = new(
        [.. options.Peers.Select(OriginOf), .. options.Pulls.Select(static name => NodeModelAddress.TryParse(name, out Uri? node, out _) ? OriginOf(node) : "")], StringComparer.Ordinal);

    /// <summary>Returns the key for another node.</summary>
    /// <param name="node">The address of the node.</param>
    /// <param name="given">The key that was given for this node; <see langword="null"/> or empty for none.</param>
    /// <returns><see langword="null"/> if no key is sent.</returns>
    internal string? For(Uri node, string? given) => !string.IsNullOrEmpty(given) ? given : _trusted.Contains(OriginOf(node)) ? options.ApiKey : null;

    private static string OriginOf(Uri address) => $"{address.Scheme}://{address.IdnHost}:{address.Port}";
}
