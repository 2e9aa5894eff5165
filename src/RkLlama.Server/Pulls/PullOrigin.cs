using System.Net;
using RkLlama.Cli;
using RkLlama.Engine.Diagnostics;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Pulls;

/// <summary>Where a pull brings a model from, if not from a hub: another node, or a path of this machine.</summary>
internal sealed record PullOrigin
{
    /// <summary>The other node; <see langword="null"/> for a path.</summary>
    public NodeSource? Node { get; private init; }

    /// <summary>The full path of a directory or of an .rkllm file; <see langword="null"/> for a node.</summary>
    public string? Path { get; private init; }

    /// <summary>The text of the Modelfile; <see langword="null"/> for the one that the source has, or for a new one.</summary>
    public string? Modelfile { get; private init; }

    /// <summary>Reads the fields of a request.</summary>
    /// <param name="model">The field model: the name of a model, the address of a model on another node, or an absolute path.</param>
    /// <param name="from">The address of another node; <see langword="null"/> or empty for none.</param>
    /// <param name="fromKey">The key of the other node; <see langword="null"/> or empty for none, or for the key of this node if <see cref="NodeKeys"/> trusts the other one.</param>
    /// <param name="keys">The key of this node, and the nodes that may get it.</param>
    /// <returns><see langword="null"/> if the source is a hub.</returns>
    /// <exception cref="ApiException">The fields are not valid.</exception>
    /// <exception cref="HubException">The client may not name paths.</exception>
    internal static PullOrigin? Read(HttpContext context, string model, string? from, string? fromKey, string? modelfile, NodeKeys keys)
    {
        if (fromKey is not null && fromKey.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw ApiException.BadRequest("from_key may have printable ASCII characters only, without blanks.", "from_key");
        if (!string.IsNullOrWhiteSpace(from))
        {
            Uri address = AddressOf(from);
            return new() { Node = new(address, keys.For(address, fromKey)) };
        }

        if (!model.StartsWith('/'))
            return string.IsNullOrEmpty(modelfile) ? Split(model, keys, fromKey).Origin : throw ApiException.BadRequest("modelfile needs the path of an .rkllm file on this machine as the model.", "modelfile");
        if (!IsLocal(context))
            throw new HubException(HubError.Gated, $"'{Excerpt.Of(model)}' is a path, and only clients on the node's own machine can name paths: copy the files to the node, or pull from another node");
        if (model.Contains('\0', StringComparison.Ordinal))
            throw ApiException.BadRequest("A path has no NUL characters.", "model");
        return new() { Path = System.IO.Path.GetFullPath(model), Modelfile = string.IsNullOrEmpty(modelfile) ? null : modelfile };
    }

    /// <summary>Reads the name of a model that a request or a setting has: the address of a model on another node (<c>http://node1:8080/NAME</c>) has its origin in it.</summary>
    /// <param name="requested">The name.</param>
    /// <param name="keys">The key of this node, and the nodes that may get it.</param>
    /// <param name="fromKey">The key that was given for the other node; <see langword="null"/> or empty for none.</param>
    /// <returns>The name of the model at its origin, and the origin; <see langword="null"/> for a hub.</returns>
    internal static (string Model, PullOrigin? Origin) Split(string requested, NodeKeys keys, string? fromKey = null) =>
        NodeModelAddress.TryParse(requested, out Uri? node, out string? model) ? (model, new() { Node = new(node, keys.For(node, fromKey)) }) : (requested, null);

    private static Uri AddressOf(string from) => NodeAddress.Parse(from, NodeAddress.DefaultPort) is { UserInfo: "", Query: "", Fragment: "" } address
        ? address
        : throw ApiException.BadRequest($"'{Excerpt.Of(from)}' is not the address of a node.", "from");

    /// <summary>Whether the client is a process on this machine, and not one for which a proxy on this machine asks.</summary>
    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } client
        && (IPAddress.IsLoopback(client) || client.Equals(context.Connection.LocalIpAddress))
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");
}
