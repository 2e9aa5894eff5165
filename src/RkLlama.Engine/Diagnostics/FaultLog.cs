namespace RkLlama.Engine.Diagnostics;

/// <summary>A failure of a model or of its worker.</summary>
internal sealed record Fault(DateTimeOffset At, string Model, string Reason);

/// <summary>Keeps the last failure for operators. Any thread.</summary>
internal sealed class FaultLog(TimeProvider time)
{
    private volatile Fault? _last;

    internal Fault? Last => _last;

    internal void Add(string model, string reason) => _last = new(time.GetUtcNow(), model, reason);
}
