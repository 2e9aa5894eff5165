using System.Text.Json.Serialization;

namespace RkLlama.Engine.Diagnostics;

/// <summary><c>GET /health</c>: the server lives, and what is known without asking anybody.</summary>
/// <param name="State">Of the model: none, loading, loaded, restarting, failed, stuck.</param>
/// <param name="RuntimeVersion">Of the vendor's library, while a model is loaded.</param>
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
/// <param name="Status">ready; or loading, draining, failed, busy, with the reason.</param>
internal sealed record ReadyReply(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason);
