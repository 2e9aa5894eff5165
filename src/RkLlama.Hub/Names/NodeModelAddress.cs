using System.Diagnostics.CodeAnalysis;

namespace RkLlama.Hub.Names;

/// <summary>
/// Reads the address of a model on another node: <c>http://node1:8080/deepseek-r1:1.5b</c>, the address of the node and the name of the model there. Addresses of
/// hubs have an owner and a repository, so a single name after a host is a model of a node.
/// </summary>
internal static class NodeModelAddress
{
    /// <summary>Reads an address.</summary>
    /// <param name="text">What the user asks for.</param>
    /// <param name="node">The base address of the node, which ends with a slash.</param>
    /// <param name="model">The name of the model on the node.</param>
    /// <returns><see langword="false"/> if the text is something else, for example the name of a model on a hub.</returns>
    internal static bool TryParse(string text, [NotNullWhen(true)] out Uri? node, [NotNullWhen(true)] out string? model)
    {
        (node, model) = (null, null);
        text = text.Trim();
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
            || address is not { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 }
            || ModelReferenceParser.IsHubHost(address.Host))
        {
            return false;
        }

        string name = Uri.UnescapeDataString(address.AbsolutePath.Trim('/'));
        if (name.Length == 0 || name.Contains('/', StringComparison.Ordinal))
            return false;
        (node, model) = (new(address.GetLeftPart(UriPartial.Authority) + "/"), name);
        return true;
    }
}
