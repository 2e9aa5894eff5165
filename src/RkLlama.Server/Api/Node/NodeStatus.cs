using System.Text.Json.Serialization;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Server.Api.Node;

/// <summary>The body of <c>GET /node/status</c>: the whole state of the node at one moment.</summary>
/// <param name="Node">Name of the node.</param>
/// <param name="Version">The server's version.</param>
/// <param name="Time">The clock of the node, in UTC.</param>
/// <param name="UptimeSeconds">Seconds since the start of the server.</param>
/// <param name="Ready">The body of GET /ready.</param>
/// <param name="State">State of the model for requests that do not name one: none, loading, loaded, restarting, failed, stuck.</param>
/// <param name="Model">Name of the model for requests that do not name one: it is loading, loaded or failed. Null if there is none.</param>
/// <param name="Models">The models in memory and those that have failed, the most recently used one first.</param>
/// <param name="Requests">The requests that use a model and have not ended, the oldest one first.</param>
/// <param name="Npu">The body of GET /npu.</param>
/// <param name="Memory">The memory of the node; null if it is unknown.</param>
/// <param name="Downloads">The downloads of models.</param>
/// <param name="Faults">The last failures of models or of their workers since the start of the server, at most 16, the newest one first.</param>
/// <param name="Disk">Space on the file system of the models directory; null if it is unknown.</param>
/// <param name="Library">Versions of the vendor library and of the NPU driver; null if no model is loaded.</param>
/// <param name="Reference">Comparison with the vendor's figure, for the current model if its rate is known, else for the model that has run last. Null if the vendor has no figure for them.</param>
internal sealed record NodeStatus(
    string Node,
    string Version,
    DateTimeOffset Time,
    long UptimeSeconds,
    ReadyReply Ready,
    string State,
    string? Model,
    IReadOnlyList<NodeModel> Models,
    NodeQueue Queue,
    IReadOnlyList<NodeActiveRequest> Requests,
    NpuReply Npu,
    HealthMemory? Memory,
    NodeRates Rates,
    IReadOnlyList<NodeDownload> Downloads,
    IReadOnlyList<HealthFault> Faults,
    NodeDisk? Disk,
    NodeLibrary? Library,
    NodeReference? Reference,
    NodeFeatures Features);

/// <summary>A model in memory, or one that has failed.</summary>
/// <param name="Role">What the model does: completion, embedding or rerank.</param>
/// <param name="State">loading, loaded, restarting, failed or stuck.</param>
/// <param name="Pinned">Whether the operator has loaded the model, so that it is not unloaded when it is idle, and is evicted last.</param>
/// <param name="MemoryBytes">Estimated memory of the model, with all its KV slots; 0 if it has failed.</param>
/// <param name="NpuDomain">The first address space (domain) of the NPU that the model uses; null if it uses none.</param>
/// <param name="ExpiresInSeconds">Seconds until the model is unloaded if no request uses it; null if it stays loaded.</param>
/// <param name="LoadSeconds">How long the last load of the model took; null before the first one.</param>
/// <param name="ContextLength">Context length in tokens.</param>
/// <param name="DecodeTokensPerSecond">Decode rate of the last run with enough tokens; null before that.</param>
/// <param name="PrefillTokensPerSecond">Prefill rate of the last run with enough tokens; null before that.</param>
internal sealed record NodeModel(
    string Name,
    string Role,
    string State,
    bool Pinned,
    long MemoryBytes,
    int? NpuDomain,
    double? ExpiresInSeconds,
    double? LoadSeconds,
    int ContextLength,
    double? DecodeTokensPerSecond,
    double? PrefillTokensPerSecond)
{
    /// <summary>Number of workers of the model, each with its own KV cache. Absent if there is one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Slots { get; init; }
}

/// <summary>The queue of the requests that need the NPU.</summary>
/// <param name="Running">1 if a request has the NPU, else 0.</param>
/// <param name="Waiting">Number of requests that wait for the NPU.</param>
/// <param name="Capacity">Maximum number of waiting requests.</param>
internal sealed record NodeQueue(int Running, int Waiting, int Capacity);

/// <summary>A request that uses a model and has not ended.</summary>
/// <param name="Id">The request's id: X-Request-Id.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Api">Name of the API: rkllama, anthropic, openai, ollama or llama-server.</param>
/// <param name="Client">Address of the client, or of the proxy before it.</param>
/// <param name="ForwardedFor">The address that a proxy gives for its client. It may be wrong.</param>
/// <param name="Phase">preparing, queued, loading, prefill or decode.</param>
/// <param name="Position">Place in the queue: 1 for the request that has waited longest. Null if the request does not wait.</param>
/// <param name="ExpectedWaitSeconds">Estimated time until the request gets the NPU. Null if the request does not wait.</param>
/// <param name="ElapsedSeconds">Seconds since the arrival of the request.</param>
/// <param name="PromptTokens">Number of tokens of the prompt; 0 before it is built.</param>
/// <param name="OutputTokens">Number of generated tokens so far.</param>
internal sealed record NodeActiveRequest(
    string Id,
    string Model,
    string Api,
    string? Client,
    string? ForwardedFor,
    string Phase,
    int? Position,
    int? ExpectedWaitSeconds,
    double ElapsedSeconds,
    int PromptTokens,
    int OutputTokens);

/// <summary>The rates of the last run. Null before the first one.</summary>
/// <param name="DecodeTokensPerSecond">The rate of the current run, as soon as it has decoded some tokens; else that of the last run.</param>
/// <param name="PrefillTokensPerSecond">The rate of the last run that has ended.</param>
/// <param name="TimeToFirstTokenMs">From the arrival to the first token: of the request whose decode rate is given.</param>
internal sealed record NodeRates(double? DecodeTokensPerSecond, double? PrefillTokensPerSecond, double? TimeToFirstTokenMs);

/// <summary>A download of a model.</summary>
/// <param name="Model">The name that the model gets.</param>
/// <param name="CompletedBytes">Number of bytes on the disk.</param>
/// <param name="TotalBytes">Number of bytes of all files; 0 if not known yet.</param>
/// <param name="BytesPerSecond">Rate of the last seconds; null if not known yet.</param>
/// <param name="Error">Why the last attempt failed; null while the download runs.</param>
internal sealed record NodeDownload(string Model, long CompletedBytes, long TotalBytes, long? BytesPerSecond, string? Error);

/// <summary>Space on a file system.</summary>
internal sealed record NodeDisk(long FreeBytes, long TotalBytes);

/// <summary>Versions of the vendor library and of the NPU driver, as the library reports them.</summary>
internal sealed record NodeLibrary(string Version, string? DriverVersion);

/// <summary>Comparison of a model on this node with the vendor's figure. The verdict compares the measured rate with the vendor's rate at the highest clocks.</summary>
/// <param name="NodeModel">Name of the model on this node. It may be unloaded.</param>
/// <param name="Model">The vendor's name of the model.</param>
/// <param name="Runtime">The release of the vendor library that the vendor has measured.</param>
/// <param name="DecodeTokensPerSecond">The vendor's decode rate, at the highest clocks.</param>
/// <param name="ExpectedTokensPerSecond">Estimate: the vendor's rate, multiplied by the lowest ratio of the current to the highest clock of NPU and memory.</param>
/// <param name="MeasuredTokensPerSecond">The decode rate of the model in its last run on this node, or so far in its first run; null before that.</param>
/// <param name="IsSlow">Whether the measured rate is below 70 % of the vendor's rate at the highest clocks.</param>
/// <param name="ReasonCode">Which clocks are below their maximum, if the node is slow: memory_clock, npu_clock, npu_and_memory_clock, or unknown if no clock is. Else null.</param>
/// <param name="Reason">The reason as a clause in English, if the node is slow; else null.</param>
/// <param name="Remedy">What the operator should do, if the node is slow; else null.</param>
internal sealed record NodeReference(
    string NodeModel,
    string Model,
    string Runtime,
    double DecodeTokensPerSecond,
    double ExpectedTokensPerSecond,
    double? MeasuredTokensPerSecond,
    bool IsSlow,
    string? ReasonCode,
    string? Reason,
    string? Remedy);

/// <summary>What the settings of the node allow.</summary>
/// <param name="ApiKey">Whether clients need a key.</param>
/// <param name="ReadOnly">Whether clients cannot load, unload or change models.</param>
/// <param name="AllowEdit">Whether clients may change Modelfiles.</param>
/// <param name="Log">Whether GET /node/log has the log.</param>
/// <param name="Peers">Number of other nodes that GET /node/peers asks.</param>
internal sealed record NodeFeatures(bool ApiKey, bool ReadOnly, bool AllowEdit, bool Log, int Peers);
