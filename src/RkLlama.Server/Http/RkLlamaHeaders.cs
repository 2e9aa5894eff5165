using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Http;

/// <summary>Names of the response headers that this server adds.</summary>
internal static class RkLlamaHeaders
{
    /// <summary>Names of the request fields that had no effect, separated by commas. Absent if there are none.</summary>
    internal const string Ignored = "X-RkLlama-Ignored";

    /// <summary>What the loaded model lacks, with the command that downloads it. Only in the response of a load, and absent if the model lacks nothing.</summary>
    internal const string Warning = "X-RkLlama-Warning";

    /// <summary>Name of the node; percent-encoded.</summary>
    internal const string Node = "X-RkLlama-Node";

    /// <summary>Name of the model that ran, or of the loaded model if the request ran none; percent-encoded.</summary>
    internal const string Model = "X-RkLlama-Model";

    /// <summary>Times of queue, load, prefill, decode and the whole request, in milliseconds. Before the end of the run, only queue and load.</summary>
    internal const string Timing = "Server-Timing";

    /// <summary>The headers above and the request id. Scripts of allowed web pages may read them (CORS).</summary>
    internal static readonly string[] All = [Ignored, Warning, Node, Model, Timing, RequestId.Header];
}
