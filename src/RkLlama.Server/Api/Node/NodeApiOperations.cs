using RkLlama.Server.Api.Node.Events;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Node;

/// <summary>Describes the endpoints of <see cref="NodeApi"/> in the OpenAPI document.</summary>
internal static class NodeApiOperations
{
    internal static Operation Status { get; } = new("getNodeStatus", "The whole state of the node at one moment")
    {
        Reply = typeof(NodeStatus),
        IgnoresLimits = true,
    };

    internal static Operation Events { get; } = new("getNodeEvents", "The state of the node as a stream of events")
    {
        Description = "Server-sent events. First snapshot, described here; then status (each second), sample (each 5 s), request (when one has ended), queue, pull and log (when they "
            + "have changed). A slow client misses events. At most 16 clients, and 4 of one address, then 503 with Retry-After.",
        Reply = typeof(NodeEventSnapshot),
        ReplyType = "text/event-stream",
        IgnoresLimits = true,
        Errors = [503],
    };

    internal static Operation Requests { get; } = new("getNodeRequests", "The requests of the last hour that used a model")
    {
        Description = "At most 256, without content. since (a time in UTC) leaves out those that ended before.",
        Reply = typeof(NodeRequests),
        Errors = [400],
        IgnoresLimits = true,
    };

    internal static Operation Cancel { get; } = new("cancelRequest", "Cancels a request that waits or runs")
    {
        Description = "The request gets a 499. If its response has started, this ends with an error, and the connection is cut. The code of the error is cancelled.",
        Reply = typeof(NodeCancelled),
        Errors = [404],
        NotFound = "No request with this id waits or runs.",
    };

    internal static Operation Doctor { get; } = new("getNodeDoctor", "The findings of rkllama doctor")
    {
        Description = "The checks run as the user of the server and may take seconds. The result is kept for 30 s.",
        Reply = typeof(NodeDoctor),
    };

    internal static Operation Peers { get; } = new("getNodePeers", "The state of the other nodes")
    {
        Description = "The nodes of --peers. This node asks them with its own API key, and waits at most 2 s.",
        Reply = typeof(NodePeers),
    };

    internal static Operation Log { get; } = new("getNodeLog", "The last 500 lines of the log")
    {
        Reply = typeof(NodeLog),
        Errors = [404],
        NotFound = "The node has no API key.",
        IgnoresLimits = true,
    };

    internal static Operation Models { get; } = new("getNodeModels", "The models in the models directory, also broken ones")
    {
        Description = "The lists of the other APIs leave out the models that cannot be loaded.",
        Reply = typeof(NodeModelList),
        Errors = [500],
    };

    internal static Operation GetModelfile { get; } = new("getModelfile", "Returns the Modelfile of a model")
    {
        Reply = typeof(NodeModelfile),
        Errors = [400, 404, 500],
    };

    internal static Operation PutModelfile { get; } = new("putModelfile", "Replaces the Modelfile of a model")
    {
        Description = "Only with --allow-edit. The text must be valid, and FROM must name an .rkllm file in the models directory, or what it has named before. A loaded model uses the new "
            + "values after its next load.",
        Body = typeof(ModelfileBody),
        Example = """{"text": "FROM=\"demo.rkllm\"\nNUM_CTX=4096\n"}""",
        Reply = typeof(NodeModelfile),
        Errors = [404, 500],
    };

    internal static Operation Names { get; } = new("getModelNames", "Searches the table of short names")
    {
        Description = "q: words that the name, an alias or the repository contains. Without it, all entries.",
        Reply = typeof(NodeNames),
    };

    internal static Operation Pull { get; } = new("startPull", "Downloads a model in the background")
    {
        Description = "Answers at once. GET /node/status and the event pull show the progress.",
        Body = typeof(NodePullBody),
        Example = """{"model": "qwen2.5:1.5b"}""",
        Reply = typeof(NodePull),
        Errors = [404, 500],
    };

    internal static Operation StopPull { get; } = new("stopPull", "Stops a download")
    {
        Description = "What was downloaded is kept, and a later download continues with it.",
        Reply = typeof(NodePullStopped),
        Errors = [404],
        NotFound = "The model is not being downloaded.",
    };
}
