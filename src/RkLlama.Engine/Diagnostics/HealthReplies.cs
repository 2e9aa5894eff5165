using System.Text.Json.Serialization;

namespace RkLlama.Engine.Diagnostics;

/// <summary><c>GET /health</c>: the server runs. Contains only what the server knows without asking the worker.</summary>
/// <param name="State">State of the model: none, loading, loaded, restarting, failed, stuck.</param>
/// <param name="RuntimeVersion">Version of the vendor library, while a model is loaded.</param>
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

/// <param name="Running">0 or 1.</param>
internal sealed record HealthQueue(int Running, int Waiting);

internal sealed record HealthFault(DateTimeOffset At, string Model, string Reason);

/// <summary><c>GET /ready</c>.</summary>
/// <param name="Status">ready; or loading, draining, failed or busy, with a reason.</param>
internal sealed record ReadyReply(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason);
