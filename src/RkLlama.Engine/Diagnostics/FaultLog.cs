namespace RkLlama.Engine.Diagnostics;

/// <summary>A failure of a model or of its worker.</summary>
/// <param name="At">The time of the failure, in UTC.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Reason">One sentence or clause for the operator.</param>
internal sealed record Fault(DateTimeOffset At, string Model, string Reason);

/// <summary>Stores only the last failure, for <c>GET /health</c>. Thread-safe.</summary>
internal sealed class FaultLog(TimeProvider time)
{
    private volatile Fault? _last;

    /// <summary>The last failure; <see langword="null"/> if no failure has occurred.</summary>
    internal Fault? Last => _last;

    internal void Add(string model, string reason) => _last = new(time.GetUtcNow(), model, reason);
}
