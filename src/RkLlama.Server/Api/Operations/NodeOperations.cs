using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Operations;

/// <summary>Describes the endpoints of <see cref="OperationsApi"/> in the OpenAPI document.</summary>
internal static class NodeOperations
{
    internal static Operation Health { get; } = new("getHealth", "Liveness: answers while the server runs")
    {
        Reply = typeof(HealthReply),
        AllowsAnonymous = true,
        IgnoresLimits = true,
    };

    internal static Operation Ready { get; } = new("getReadiness", "Readiness: whether a load balancer should send requests to this node")
    {
        Description = "200, also while a request runs and if no model is loaded. "
            + "503 with a reason while the preloaded model is loading, while the server shuts down, while the queue is full, and after a model has failed.",
        Reply = typeof(ReadyReply),
        AllowsAnonymous = true,
        IgnoresLimits = true,
        Errors = [503],
    };

    internal static Operation Metrics { get; } = new("getMetrics", "Metrics of the node for Prometheus")
    {
        Description = "Prometheus' text format 0.0.4. Also answers while the server drains. Names, labels and units: docs/monitoring.md.",
        Reply = typeof(string),
        ReplyType = "text/plain",
        IgnoresLimits = true,
    };

    internal static Operation Npu { get; } = new("getNpu", "Current state of the NPU, the clocks, the temperatures and the memory of the node")
    {
        Description = "200, also on a machine without an NPU, and if the server cannot read the driver's files. Unknown values are null or absent; "
            + "missing has their names and the reasons.",
        Reply = typeof(NpuReply),
    };

    internal static Operation Document { get; } = new("getDocument", "This OpenAPI document") { Reply = typeof(Dictionary<string, JsonElement>) };
}
