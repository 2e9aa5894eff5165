using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Http;

/// <summary>Names of the response headers.</summary>
internal static class RkLlamaHeaders
{
    /// <summary>Fields of the request that have no effect.</summary>
    internal const string Ignored = "X-RkLlama-Ignored";

    /// <summary>Name of the node.</summary>
    internal const string Node = "X-RkLlama-Node";

    /// <summary>Name of the model that ran, or of the loaded model; percent-encoded.</summary>
    internal const string Model = "X-RkLlama-Model";

    /// <summary>Times of queue, load, prefill and decode.</summary>
    internal const string Timing = "Server-Timing";

    /// <summary>The headers that scripts of allowed web pages may read.</summary>
    internal static readonly string[] All = [Ignored, Node, Model, Timing, RequestId.Header];
}
