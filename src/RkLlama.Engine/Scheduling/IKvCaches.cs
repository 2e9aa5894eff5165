namespace RkLlama.Engine.Scheduling;

/// <summary>
/// What the queue knows of the resident models and the contents of their KV caches. It learns numbers only, never tokens. All methods are called under the lock of
/// the queue, so they must return at once.
/// </summary>
internal interface IKvCaches
{
    /// <summary>Whether a model is resident, so that its requests need no load.</summary>
    bool IsResident(string model);

    /// <summary>Returns how many tokens at the beginning of the prompt of a request are in a KV cache of its model.</summary>
    int CountCached(QueuedRequest request);

    /// <summary>
    /// Returns the estimated time to prefill again what a request would remove from the KV cache of the last run. Zero if the request continues this cache or does
    /// not use it.
    /// </summary>
    TimeSpan CostOfReplacing(QueuedRequest request);
}
