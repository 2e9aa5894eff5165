namespace RkLlama.Engine.Diagnostics;

/// <summary>A failure of a model or of its worker.</summary>
/// <param name="At">The time of the failure, in UTC.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Reason">One sentence or clause for the operator.</param>
internal sealed record Fault(DateTimeOffset At, string Model, string Reason);

/// <summary>Stores the last failures since the start of the server. Thread-safe.</summary>
internal sealed class FaultLog(TimeProvider time)
{
    private const int Capacity = 16;

    // Guards changes of _faults.
    private readonly Lock _lock = new();

    // The newest failure first. Replaced as a whole, never changed.
    private volatile Fault[] _faults = [];

    /// <summary>The last failure; <see langword="null"/> if no failure has occurred.</summary>
    internal Fault? Last => _faults is [var last, ..] ? last : null;

    /// <summary>The last failures, at most 16, the newest one first.</summary>
    internal IReadOnlyList<Fault> Recent => _faults;

    internal void Add(string model, string reason)
    {
        Fault fault = new(time.GetUtcNow(), model, reason);
        lock (_lock)
            _faults = [fault, .. _faults.Take(Capacity - 1)];
    }
}
