using System.Text.Json.Serialization;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The body of <c>GET /health</c>. Contains only values that the server knows without a request to the worker.</summary>
/// <param name="Status">Always ok.</param>
/// <param name="Version">The server's version.</param>
/// <param name="UptimeSeconds">Seconds since the start of the server.</param>
/// <param name="State">State of the model: none, loading, loaded, restarting, failed, stuck.</param>
/// <param name="Model">Name of the model for requests that do not name one: it is loading, loaded or failed. Null if there is none.</param>
/// <param name="RuntimeVersion">Version of the vendor library; null if no model is loaded.</param>
/// <param name="DriverVersion">Version of the NPU driver, as the vendor library reports it; null if no model is loaded or if it is unknown.</param>
/// <param name="LastFault">The last failure of a model or of its worker since the start of the server; null if there was none.</param>
internal sealed record HealthReply(
    string Status,
    string Version,
    long UptimeSeconds,
    string State,
    string? Model,
    string? RuntimeVersion,
    string? DriverVersion,
    HealthQueue Queue,
    HealthFault? LastFault)
{
    /// <summary>The models in memory and those that have failed, the most recently used one first.</summary>
    public IReadOnlyList<HealthModel> Models { get; init; } = [];

    /// <summary>The memory of the node. Absent if it is unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HealthMemory? Memory { get; init; }

    /// <summary>The downloads of models. Absent if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<HealthDownload>? Downloads { get; init; }
}

/// <summary>A model in memory, or one that has failed.</summary>
/// <param name="State">loading, loaded, restarting, failed or stuck.</param>
/// <param name="Pinned">Whether the operator has loaded the model, so that it is not unloaded when it is idle, and is evicted last.</param>
/// <param name="MemoryBytes">
/// Estimated memory of the model in bytes, with all its KV slots: for each, the size of the file, or the decrease of the available memory during an earlier load. 0 if the model has
/// failed.
/// </param>
/// <param name="NpuDomain">The first address space (domain) of the NPU that the model uses; null if it uses none. Versions of the vendor library before 1.2.2 have only one.</param>
/// <param name="ExpiresInSeconds">Seconds until the model is unloaded if no request uses it; null if it stays loaded.</param>
internal sealed record HealthModel(string Name, string State, bool Pinned, long MemoryBytes, int? NpuDomain, double? ExpiresInSeconds)
{
    /// <summary>All domains of the NPU that the model uses, with those of its KV slots.</summary>
    public required IReadOnlyList<int> NpuDomains { get; init; }

    /// <summary>Number of workers of the model, each with its own KV cache. Absent if there is one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Slots { get; init; }
}

/// <summary>The memory of the node.</summary>
/// <param name="TotalBytes">Memory that the kernel can use.</param>
/// <param name="AvailableBytes">Memory that the kernel estimates as available to programs.</param>
/// <param name="ReservedBytes">Memory that stays available when a model is loaded beside another one.</param>
/// <param name="FreeBytes">Memory for another model without an eviction: the available memory without the reserved memory, at least 0.</param>
/// <param name="ModelsBytes">Estimated memory of all models in memory.</param>
/// <param name="FreeNpuDomains">Number of the 15 domains of the NPU that no model uses. Each has about 4 GB.</param>
internal sealed record HealthMemory(long TotalBytes, long AvailableBytes, long ReservedBytes, long FreeBytes, long ModelsBytes, int FreeNpuDomains);

/// <summary>A download of a model.</summary>
/// <param name="Model">The name that the model gets.</param>
/// <param name="CompletedBytes">Number of bytes on the disk.</param>
/// <param name="TotalBytes">Number of bytes of all files; 0 if not known yet.</param>
/// <param name="Error">Why the last attempt failed, while the next one waits, or that the download was stopped; null while the download runs.</param>
internal sealed record HealthDownload(string Model, long CompletedBytes, long TotalBytes, string? Error);

/// <summary>The queue of the requests that need the NPU. One request runs at a time.</summary>
/// <param name="Running">1 if a request has the NPU, else 0.</param>
/// <param name="Waiting">Number of requests that wait for the NPU.</param>
internal sealed record HealthQueue(int Running, int Waiting);

/// <summary>The last failure of a model or of its worker.</summary>
/// <param name="At">The time of the failure, in UTC.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Reason">One sentence or clause for the operator.</param>
internal sealed record HealthFault(DateTimeOffset At, string Model, string Reason);

/// <summary>The body of <c>GET /ready</c>.</summary>
/// <param name="Status">ready, loading, draining, failed or busy.</param>
/// <param name="Reason">One sentence that explains the status; missing if the status is ready.</param>
internal sealed record ReadyReply(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason);
