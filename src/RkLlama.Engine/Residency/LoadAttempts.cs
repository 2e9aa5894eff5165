namespace RkLlama.Engine.Residency;

/// <summary>The attempts of one request to load its model. Guarded by the lock of <see cref="ResidentModels"/>.</summary>
internal sealed class LoadAttempts
{
    /// <summary>Whether the last load failed for lack of memory, so that the next one evicts something more.</summary>
    internal bool EvictsNext { get; set; }

    /// <summary>
    /// The memory in bytes that was available before the first attempt, with that of all models that could be evicted; null before the first attempt or if it is unknown.
    /// </summary>
    internal long? AvailableBytes { get; set; }
}
