namespace RkLlama.Hub.Hubs;

/// <summary>Builds addresses of hubs.</summary>
internal static class HubAddress
{
    /// <summary>Appends a path with its query to the address of a hub, which may itself have a path.</summary>
    /// <param name="path">The path, beginning with a slash. Its parts are quoted.</param>
    internal static Uri Join(Uri hub, string path) => new(hub.ToString().TrimEnd('/') + path);

    /// <summary>Quotes the parts of a path, but not the slashes between them.</summary>
    internal static string Quote(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
