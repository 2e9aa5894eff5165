using System.Text.Json.Serialization;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The body of <c>GET /health</c>. Contains only values that the server knows without a request to the worker.</summary>
/// <param name="Version">The server's version.</param>
/// <param name="State">State of the model: none, loading, loaded, restarting, failed, stuck.</param>
/// <param name="RuntimeVersion">Version of the vendor library; null if no model is loaded.</param>
/// <param name="DriverVersion">Version of the NPU driver, as the vendor library reports it; null if no model is loaded or if it is unknown.</param>
internal sealed record HealthReply(
    string Status,
    string Version,
    long UptimeSeconds,
    string State,
    string? Model,
    string? RuntimeVersion,
    string? DriverVersion,
    HealthQueue Queue,
    HealthFault? LastFault);

/// <summary>The queue in front of the NPU.</summary>
/// <param name="Running">1 if a request has the queue slot, else 0.</param>
/// <param name="Waiting">Number of requests that wait for the slot.</param>
internal sealed record HealthQueue(int Running, int Waiting);

/// <summary>The last failure of a model or of its worker.</summary>
internal sealed record HealthFault(DateTimeOffset At, string Model, string Reason);

/// <summary>The body of <c>GET /ready</c>.</summary>
/// <param name="Status">ready, loading, draining, failed or busy.</param>
/// <param name="Reason">Null if the status is ready.</param>
internal sealed record ReadyReply(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason);
