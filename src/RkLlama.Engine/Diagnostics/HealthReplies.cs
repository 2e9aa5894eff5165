using System.Text.Json.Serialization;

namespace RkLlama.Engine.Diagnostics;

/// <summary>The body of <c>GET /health</c>. Contains only values that the server knows without a request to the worker.</summary>
/// <param name="Status">Always ok.</param>
/// <param name="Version">The server's version.</param>
/// <param name="UptimeSeconds">Seconds since the start of the server.</param>
/// <param name="State">State of the model: none, loading, loaded, restarting, failed, stuck.</param>
/// <param name="Model">Name of the model that is loading, loaded or failed; null if there is none.</param>
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
    HealthFault? LastFault);

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
