using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Server.OpenApi;

namespace RkLlama.Server.Api.Operations;

/// <summary>What operators and programs ask about the node itself, in the document.</summary>
internal static class NodeOperations
{
    internal static Operation Health { get; } = new("getHealth", "Answers while the server lives")
    {
        Reply = typeof(HealthReply),
        IsOpen = true,
        IsProbe = true,
    };

    internal static Operation Ready { get; } = new("getReadiness", "Says whether requests may come")
    {
        Description = "200 also while the node is busy and when no model is loaded. "
            + "503 with the reason while a preload loads, the server stops, the model has failed, or the queue is full.",
        Reply = typeof(ReadyReply),
        IsOpen = true,
        IsProbe = true,
        Errors = [503],
    };

    internal static Operation Metrics { get; } = new("getMetrics", "What the node counts and measures, for Prometheus")
    {
        Description = "Prometheus' text format 0.0.4. Answers also while the server drains. Names, labels and units: docs/monitoring.md.",
        Reply = typeof(string),
        ReplyType = "text/plain",
        IsProbe = true,
    };

    internal static Operation Npu { get; } = new("getNpu", "What the NPU, the clocks, the temperatures and the memory of the node are at this moment")
    {
        Description = "200 also on a machine without an NPU, and where the server may not read the driver's files: what is not known is null or left out, "
            + "and named in missing with the reason.",
        Reply = typeof(NpuReply),
    };

    internal static Operation Document { get; } = new("getDocument", "This document") { Reply = typeof(Dictionary<string, JsonElement>) };
}
