using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Scheduling;

/// <summary>
/// The KV caches of the resident models. A model has one worker, or several with a cache each (KV slots). Chooses the worker for each request, with the aim
/// that as few tokens as possible are computed twice. Thread-safe.
/// </summary>
internal sealed class KvCaches(ModelHost host) : IKvCaches
{
    // At the end of a prompt, the chat template opens the next message. The next turn of the conversation may have other tokens there.
    private const int TemplateEnd = 16;

    // Beginnings whose lengths differ by less than this are equal: they are the same fixed part of the prompts.
    private const int Similar = 32;

    // If the contents of a cache are replaced, they must be computed again, and may then replace other contents. So a replaced token counts more than a computed one.
    private const int ReplacementFactor = 4;

    // The worker of the last run. Weak, so that an unloaded model keeps no memory.
    private readonly WeakReference<ModelInstance?> _last = new(null);

    // Counts the runs, to find the cache that was not used for the longest time.
    private long _runs;

    /// <summary>Records the contents of a worker's KV cache after a lease.</summary>
    /// <param name="contents">The contents; <see langword="null"/> if the cache is empty or its contents are not known.</param>
    internal void Record(ModelInstance worker, KvCacheContents? contents)
    {
        // After a death or an unload, there is no cache.
        worker.KvCache = worker.State == ModelState.Ready ? contents : null;
        worker.LastRun = Interlocked.Increment(ref _runs);
        _last.SetTarget(worker);
    }

    /// <summary>
    /// Returns the worker for a request whose model is loaded. Starts to load the model once more if the request would replace the contents of a cache and the model
    /// may have another KV slot. The caller must hold the queue slot.
    /// </summary>
    /// <param name="slotLoad">The load of the additional KV slot, which never fails. After it, the request should call this method again. Null if there is no such load.</param>
    /// <returns>The worker; <see langword="null"/> if none can start a run now. Then the model's first worker is restarting or has failed.</returns>
    internal Resident? TakeWorker(ModelInstance model, QueuedRequest request, out Task? slotLoad)
    {
        Resident? worker = Choose(request, out int shared);
        bool wantsSlot = worker is not null && !request.IsBackground && ReplacedBy(worker, shared) > 0 && host.MayAddSlot(model) && IsNewSlotBetter(worker, request, shared);
        slotLoad = wantsSlot ? host.TryAddSlot(model) : null;
        return worker;
    }

    /// <inheritdoc/>
    public event Action? Changed
    {
        add => host.WorkersChanged += value;
        remove => host.WorkersChanged -= value;
    }

    /// <inheritdoc/>
    public bool CanStart(QueuedRequest request) => request.Instance is not { } model || host.CanStart(model);

    /// <inheritdoc/>
    public bool MustEvict(QueuedRequest request) => request.Instance is { } model && host.FindResident(model.Name) is null && !host.HadRoomFor(model);

    /// <inheritdoc/>
    public void ReadDemands(IEnumerable<QueuedRequest> waiting)
    {
        foreach (ModelInstance model in waiting.Select(static request => request.Instance).OfType<ModelInstance>().DistinctBy(static model => model.Name))
        {
            if (host.FindResident(model.Name) is null)
                host.Memory.Measure(model);
        }
    }

    /// <inheritdoc/>
    public bool IsResident(string model) => host.FindResident(model) is not null;

    /// <inheritdoc/>
    public int CountCached(QueuedRequest request) => request.Prompt is null ? 0 : host.ReadyWorkers(request.Model).Max(worker => (int?)Shared(worker, request)) ?? 0;

    /// <inheritdoc/>
    public TimeSpan CostOfReplacing(QueuedRequest request)
    {
        if (!_last.TryGetTarget(out ModelInstance? last) || last.KvCache is null || last.Name != request.Model || Choose(request, out int shared) is not { } worker || worker.Model != last)
            return TimeSpan.Zero;
        bool takesNewSlot = !request.IsBackground && host.MayAddSlot(last.First) && IsNewSlotBetter(worker, request, shared);
        return takesNewSlot ? TimeSpan.Zero : ReplacedBy(worker, shared) * last.Pace.PrefillPerToken;
    }

    /// <summary>
    /// Chooses one of the existing workers: the one whose cache has the longest beginning of the prompt. If several have about the same beginning, chooses the least
    /// recently used one. If this would replace the contents of its cache, and a worker with an empty cache is better, chooses that worker.
    /// </summary>
    /// <param name="shared">Number of tokens at the beginning of the prompt that are in the worker's cache.</param>
    private Resident? Choose(QueuedRequest request, out int shared)
    {
        IReadOnlyList<Resident> workers = host.ReadyWorkers(request.Model);
        int[] lengths = [.. workers.Select(worker => Shared(worker, request))];
        int longest = lengths.DefaultIfEmpty().Max();
        int best = -1;
        for (int i = 0; i < workers.Count; i++)
        {
            bool continues = workers[i].Model.KvCache is not null && ReplacedBy(workers[i], lengths[i]) == 0 && lengths[i] == longest;
            if (continues)
            {
                best = i;
                break;
            }

            if (lengths[i] > longest - Similar && (best < 0 || workers[i].Model.LastRun < workers[best].Model.LastRun))
                best = i;
        }

        if (best >= 0 && ReplacedBy(workers[best], lengths[best]) > 0 && IsNewSlotBetter(workers[best], request, lengths[best]))
        {
            int empty = workers.ToList().FindIndex(static worker => worker.Model.KvCache is null);
            best = empty >= 0 ? empty : best;
        }

        shared = best < 0 ? 0 : lengths[best];
        return best < 0 ? null : workers[best];
    }

    /// <summary>Whether an empty cache costs fewer tokens than this one: now, and later for what the request would replace.</summary>
    private static bool IsNewSlotBetter(Resident worker, QueuedRequest request, int shared) =>
        request.Prompt is not null && shared < ReplacementFactor * ReplacedBy(worker, shared);

    private static int Shared(Resident worker, QueuedRequest request) =>
        request.Prompt is { } prompt && worker.Model.KvCache is { } contents && contents.Owner == request.Owner ? contents.CountShared(prompt) : 0;

    /// <summary>Returns how many tokens of the last prompt a request would replace. Zero if it continues that prompt.</summary>
    private static int ReplacedBy(Resident worker, int shared) =>
        worker.Model.KvCache is { } contents && contents.PromptTokens - shared is > TemplateEnd and var replaced ? replaced : 0;
}
