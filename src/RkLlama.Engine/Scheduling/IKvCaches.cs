namespace RkLlama.Engine.Scheduling;

/// <summary>
/// What the queue knows of the resident models and the contents of their KV caches. It learns numbers only, never tokens. Except <see cref="ReadDemands"/>, all methods
/// are called under the lock of the queue, so they must return at once.
/// </summary>
internal interface IKvCaches
{
    /// <summary>Raised when <see cref="CanStart"/> may have become true for a waiting request. The handler must not wait for a lock.</summary>
    event Action? Changed;

    /// <summary>Whether a model is resident, so that its requests need no load.</summary>
    bool IsResident(string model);

    /// <summary>
    /// Whether a request can start now, or start to load its model. <see langword="false"/> while its model loads or restarts, and while another model loads that must be
    /// loaded first.
    /// </summary>
    bool CanStart(QueuedRequest request);

    /// <summary>Whether the model of a request must be loaded and another model evicted for it, as far as <see cref="ReadDemands"/> knows.</summary>
    bool MustEvict(QueuedRequest request);

    /// <summary>Reads the memory of the node and the sizes of the models that are not resident. Reads the disk, so it is called without the lock of the queue.</summary>
    void ReadDemands(IEnumerable<QueuedRequest> waiting);

    /// <summary>Returns how many tokens at the beginning of the prompt of a request are in a KV cache of its model.</summary>
    int CountCached(QueuedRequest request);

    /// <summary>
    /// Returns the estimated time to prefill again what a request would remove from the KV cache of the last run. Zero if the request continues this cache or does
    /// not use it.
    /// </summary>
    TimeSpan CostOfReplacing(QueuedRequest request);
}
