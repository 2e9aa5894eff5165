namespace RkLlama.Server.Http;

/// <summary>Response headers of this server.</summary>
internal static class RkLlamaHeaders
{
    /// <summary>Fields of the request that this runtime cannot honour.</summary>
    internal const string Ignored = "X-RkLlama-Ignored";

    /// <summary>The node that answered.</summary>
    internal const string Node = "X-RkLlama-Node";

    /// <summary>The model that answered, percent-encoded.</summary>
    internal const string Model = "X-RkLlama-Model";

    /// <summary>Where the time went.</summary>
    internal const string Timing = "Server-Timing";

    /// <summary>Every header that scripts of listed web pages may read.</summary>
    internal static readonly string[] All = [Ignored, Node, Model, Timing, RequestId.Header];
}
