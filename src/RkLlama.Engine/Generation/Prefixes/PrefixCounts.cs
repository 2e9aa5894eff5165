using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Prefixes;

/// <summary>
/// Counts how often the requests for one model begin in the same way, and chooses the beginning that is worth saving. Knows the <see cref="Capacity"/> beginnings
/// that were used last. Thread-safe.
/// </summary>
internal sealed class PrefixCounts
{
    /// <summary>Maximum number of beginnings.</summary>
    internal const int Capacity = 16;

    /// <summary>The number of requests from which on a beginning is worth saving.</summary>
    internal const int MinRequests = 3;

    // If the sum of all counts exceeds this, all are halved, so that old requests count less.
    private const int Window = 32;

    private readonly Lock _lock = new();

    // Guarded by _lock. The beginning that was used last is the last one.
    private readonly List<Beginning> _beginnings = [];

    /// <summary>Counts a request.</summary>
    /// <param name="key">Identifies the beginning of its prompt.</param>
    /// <param name="sample">Creates a copy of what is needed to compute the prefix. Called once for each beginning, at the third request.</param>
    /// <returns>Whether <see cref="Choose"/> may have a new result.</returns>
    internal bool Add(UInt128 key, Func<PrefixSample> sample)
    {
        lock (_lock)
        {
            Beginning? beginning = _beginnings.Find(known => known.Key == key);
            if (beginning is null)
            {
                if (_beginnings.Count == Capacity)
                    _beginnings.RemoveAt(0);
                beginning = new(key);
            }
            else
            {
                _beginnings.Remove(beginning);
            }

            _beginnings.Add(beginning);
            beginning.Count++;
            if (_beginnings.Sum(static known => known.Count) > Window)
                _beginnings.ForEach(static known => known.Count /= 2);
            if (beginning.Count < MinRequests || beginning.IsRejected)
                return false;
            if (beginning.Tokens is null)
                beginning.Sample ??= sample();
            return true;
        }
    }

    /// <summary>
    /// Returns the most used beginning, if it is worth saving: there is no saved one, or the saved one was used clearly less often.
    /// </summary>
    /// <param name="saved">The tokens of the saved prefix; <see langword="null"/> if there is none.</param>
    internal Beginning? Choose(IReadOnlyList<int>? saved)
    {
        lock (_lock)
        {
            Beginning? best = _beginnings.Where(static known => known is { IsRejected: false, Count: >= MinRequests }).MaxBy(static known => known.Count);
            if (best is null || saved is null)
                return best;
            if (best.Tokens is { } tokens && tokens.SequenceEqual(saved))
                return null;

            // A saved prefix of an earlier process has no count.
            int current = _beginnings.Find(known => known.Tokens is { } own && own.SequenceEqual(saved))?.Count ?? MinRequests;
            return best.Tokens is null || best.Count >= (2 * current) + MinRequests ? best : null;
        }
    }

    /// <summary>Returns a beginning by its key; <see langword="null"/> if it is not known.</summary>
    internal Beginning? Find(UInt128 key)
    {
        lock (_lock)
            return _beginnings.Find(known => known.Key == key);
    }

    /// <summary>Sets the tokens of the prefix. The sample is no longer needed.</summary>
    internal void SetTokens(Beginning beginning, int[] tokens)
    {
        lock (_lock)
            (beginning.Tokens, beginning.Sample) = (tokens, null);
    }

    /// <summary>Excludes a beginning: it is too short, or could not be saved.</summary>
    internal void Reject(Beginning beginning)
    {
        lock (_lock)
            (beginning.IsRejected, beginning.Sample) = (true, null);
    }

    /// <summary>The common beginning of some requests. The lock of its owner guards the properties.</summary>
    internal sealed class Beginning(UInt128 key)
    {
        internal UInt128 Key => key;

        internal int Count { get; set; }

        /// <summary>From the third request on, until <see cref="Tokens"/> is known.</summary>
        internal PrefixSample? Sample { get; set; }

        internal int[]? Tokens { get; set; }

        internal bool IsRejected { get; set; }
    }
}

/// <summary>What is needed to compute the common prefix of requests.</summary>
/// <param name="Conversation">The beginning of the conversation: its system messages, and all properties that change the beginning of the prompt.</param>
/// <param name="Tokens">The prompt of one of the requests.</param>
internal sealed record PrefixSample(Conversation Conversation, IReadOnlyList<int> Tokens);
