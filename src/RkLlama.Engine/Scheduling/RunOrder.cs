namespace RkLlama.Engine.Scheduling;

/// <summary>
/// Decides which waiting request gets the slot next. The first rule that applies decides:
/// <list type="number">
/// <item>Background requests wait as long as other requests wait, also for a load, but not longer than <see cref="BackgroundPatience"/>.</item>
/// <item>A request whose model loads or restarts waits until that has ended. Others go on meanwhile.</item>
/// <item>A request that needs the eviction of another model waits for the switch time since the last load, while other requests wait.</item>
/// <item>The models take turns.</item>
/// <item>Among the requests for one model, the one with the longest beginning of its prompt in a KV cache is first, else the oldest one. No request is overtaken more than
/// <see cref="MaxOvertaken"/> times in the queue, and none after it has waited for the fairness time.</item>
/// </list>
/// The slot can be held for a request that continues the last run. Such requests go first until another request has waited for the fairness time, or
/// <see cref="MaxHeldBack"/> of them have gone before it.
/// Used under the lock of the queue, except <see cref="ReadDemands"/>.
/// </summary>
/// <param name="switchTime">How long requests for resident models go before requests for other models, measured from the last load.</param>
/// <param name="fairness">How long a waiting request can be overtaken; zero for never.</param>
internal sealed class RunOrder(IKvCaches caches, TimeSpan switchTime, TimeSpan fairness, TimeProvider time)
{
    internal const int MaxOvertaken = 4;

    /// <summary>
    /// How many next turns of one conversation go before a waiting request. If two conversations alternate, each of them is prefilled once per so many turns.
    /// </summary>
    internal const int MaxHeldBack = 8;

    /// <summary>How long other requests go before a background request.</summary>
    internal static readonly TimeSpan BackgroundPatience = TimeSpan.FromSeconds(60);

    // A shorter beginning is part of the chat template.
    private const int MinSaved = 32;

    // More than the number of resident models.
    private const int MaxTurns = 16;

    // If the prefill of a cache's contents takes less time, the slot is not held for this cache.
    private static readonly TimeSpan WorthHolding = TimeSpan.FromSeconds(1);

    // The models that had a slot, the least recently used first. At most MaxTurns.
    private readonly List<string> _turns = [];

    // The time of the last slot for a model that was not resident.
    private long _loadStart;

    /// <summary>Records that a request gets the slot. If its model must be loaded, the switch time begins.</summary>
    internal void RecordSlot(string model)
    {
        if (!caches.IsResident(model))
            _loadStart = time.GetTimestamp();
        _turns.Remove(model);
        if (_turns.Count == MaxTurns)
            _turns.RemoveAt(0);
        _turns.Add(model);
    }

    /// <summary>Reads from the disk what <see cref="Next"/> must know of the waiting requests. Called without the lock of the queue.</summary>
    internal void ReadDemands(IReadOnlyList<QueuedRequest> waiting) => caches.ReadDemands(waiting);

    /// <summary>Returns the entry that gets the slot next; null if no request waits, or none can start.</summary>
    internal LinkedListNode<QueueEntry>? Next(LinkedList<QueueEntry> waiting)
    {
        HashSet<string> evicting = [];
        if (Find(waiting.First, entry => IsForeground(entry) && CanStart(entry)) is not { } first)
        {
            if (HasOther(waiting))
                return null;
            return Find(waiting.First, entry => CanStart(entry) && NeedsNoEviction(entry)) ?? Find(waiting.First, CanStart);
        }

        if (time.GetElapsedTime(_loadStart) >= switchTime && !NeedsNoEviction(first.Value))
            return first;

        LinkedListNode<QueueEntry>? next = null;
        int nextTurn = int.MaxValue;
        for (LinkedListNode<QueueEntry>? node = first; node is not null && nextTurn >= 0; node = node.Next)
        {
            int turn = _turns.IndexOf(node.Value.Model);
            if (turn < nextTurn && IsForeground(node.Value) && CanStart(node.Value) && NeedsNoEviction(node.Value))
                (next, nextTurn) = (node, turn);
        }

        return next is null ? first : BestCached(next);

        // Asks once per model.
        bool NeedsNoEviction(QueueEntry entry)
        {
            if (caches.IsResident(entry.Model))
                return true;
            if (evicting.Contains(entry.Model))
                return false;
            if (!caches.MustEvict(entry.Request))
                return true;
            evicting.Add(entry.Model);
            return false;
        }
    }

    /// <summary>Whether a request waits for nothing but the slot.</summary>
    internal bool CanStart(QueueEntry entry) => entry.Request.After is null or { IsCompletedSuccessfully: true } && caches.CanStart(entry.Request);

    /// <summary>Whether a request that is not a background request waits, for example for the load of its model. Then no background request starts.</summary>
    internal static bool HasOther(LinkedList<QueueEntry> waiting) => Find(waiting.First, static entry => !entry.Request.IsBackground) is not null;

    /// <summary>Whether a request could run instead of a background request that has the slot.</summary>
    internal bool WantsSlot(LinkedList<QueueEntry> waiting) => Find(waiting.First, entry => !entry.Request.IsBackground && CanStart(entry)) is not null;

    /// <summary>
    /// Returns an entry that leaves the KV cache of the last run as it is, if <paramref name="next"/> would replace it and its contents are worth a wait. The
    /// request that continues this cache often arrives within milliseconds.
    /// </summary>
    /// <param name="next">The result of <see cref="Next"/>.</param>
    /// <returns>The entry that gets the slot next; null if the slot should be held.</returns>
    internal LinkedListNode<QueueEntry>? NextBeside(LinkedListNode<QueueEntry> next)
    {
        if (KeepsCache(next.Value) || IsDue(next.Value) || next.Value.HeldBack >= MaxHeldBack)
            return next;
        return Find(next.List!.First, entry => IsForeground(entry) && caches.IsResident(entry.Model) && CanStart(entry) && KeepsCache(entry));
    }

    /// <summary>Whether a request that arrives while the slot is held gets it at once.</summary>
    /// <param name="forBackground">Whether the slot is held because only background requests wait. Then each other request gets it.</param>
    internal bool EndsHold(QueueEntry entry, bool forBackground) =>
        IsForeground(entry) && CanStart(entry) && (forBackground || (caches.IsResident(entry.Model) && KeepsCache(entry)));

    /// <summary>Counts a request that gets the held slot before the waiting ones.</summary>
    internal static void CountHeldBack(LinkedList<QueueEntry> waiting)
    {
        foreach (QueueEntry entry in waiting)
            entry.HeldBack++;
    }

    /// <summary>Removes an entry, because its request gets the slot. Counts the requests that it overtakes in the queue.</summary>
    internal static void Take(LinkedListNode<QueueEntry> taken)
    {
        for (LinkedListNode<QueueEntry>? node = taken.Previous; node is not null; node = node.Previous)
        {
            if (node.Value.Model == taken.Value.Model)
                node.Value.Overtaken++;
        }

        taken.List!.Remove(taken);
    }

    /// <summary>Whether the request has priority over background requests.</summary>
    internal bool IsForeground(QueueEntry entry) => !entry.Request.IsBackground || entry.Request.Waited + time.GetElapsedTime(entry.Arrival) >= BackgroundPatience;

    private bool KeepsCache(QueueEntry entry) => caches.CostOfReplacing(entry.Request) < WorthHolding;

    private bool IsDue(QueueEntry entry) => entry.Overtaken >= MaxOvertaken || time.GetElapsedTime(entry.Arrival) >= fairness;

    /// <param name="oldest">The oldest entry of a model.</param>
    private LinkedListNode<QueueEntry> BestCached(LinkedListNode<QueueEntry> oldest)
    {
        if (IsDue(oldest.Value))
            return oldest;
        LinkedListNode<QueueEntry> best = oldest;
        int most = -1;
        for (LinkedListNode<QueueEntry>? node = oldest.Next; node is not null; node = node.Next)
        {
            if (node.Value.Model != oldest.Value.Model || !IsForeground(node.Value) || !CanStart(node.Value))
                continue;
            if (most < 0)
                most = caches.CountCached(oldest.Value.Request) + MinSaved - 1;
            if (caches.CountCached(node.Value.Request) is var cached && cached > most)
                (best, most) = (node, cached);
        }

        return best;
    }

    private static LinkedListNode<QueueEntry>? Find(LinkedListNode<QueueEntry>? node, Predicate<QueueEntry> condition)
    {
        while (node is not null && !condition(node.Value))
            node = node.Next;
        return node;
    }
}
