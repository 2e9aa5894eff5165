namespace RkLlama.Server.Http.Requests;

/// <summary>The request header <c>X-RkLlama-Priority</c>.</summary>
internal static class RequestPriority
{
    /// <summary>Whether the header lowers the priority of the request: its value is <c>background</c>. All other values have no effect.</summary>
    internal static bool IsBackground(IHeaderDictionary headers) => string.Equals(headers["X-RkLlama-Priority"], "background", StringComparison.OrdinalIgnoreCase);
}
