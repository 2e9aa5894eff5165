namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Merges the symbols of one word by byte-pair encoding. The pair with the lowest rank is merged first; of equal ranks, the leftmost pair. For short words,
/// each merge scans all pairs. For long words, a heap limits the time to O(n log n). Used by one thread at a time; reused for the next word.
/// </summary>
internal sealed class SymbolMerger
{
    private const int MaxScannedLength = 64;
    private const int Removed = -1;

    // The number of steps between two checks of the processor time and of cancellation.
    private const int StepsPerCheck = 16 * 1024;

    private int[] _symbols = new int[MaxScannedLength];
    private long[] _pairs = new long[MaxScannedLength];
    private int[] _next = [];
    private int[] _previous = [];
    private ulong[] _heap = [];
    private int _heapCount;

    /// <summary>The symbols of the word, in order. <see cref="Merge"/> merges them in place.</summary>
    public ReadOnlySpan<int> Symbols => _symbols.AsSpan(0, Count);

    public int Count { get; private set; }

    public int Capacity => Math.Max(_symbols.Length, _heap.Length);

    public void Clear() => Count = 0;

    public void Add(int symbol)
    {
        if (Count == _symbols.Length)
            Array.Resize(ref _symbols, Count * 2);
        _symbols[Count++] = symbol;
    }

    /// <summary>Merges pairs of symbols until no pair can be merged.</summary>
    /// <param name="guard">Whether merges that result in a control token are left out.</param>
    /// <exception cref="TokenizerException">The word is long and needs too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The encoding was cancelled.</exception>
    public void Merge(MergeRules rules, bool guard, CpuBudget budget)
    {
        if (Count < 2)
            return;
        if (_pairs.Length < _symbols.Length)
            _pairs = new long[_symbols.Length];
        for (int i = 0; i < Count - 1; i++)
            _pairs[i] = rules.Find(_symbols[i], _symbols[i + 1], guard);
        _pairs[Count - 1] = MergeRules.None;
        if (Count <= MaxScannedLength)
            MergeByScan(rules, guard);
        else
            MergeByHeap(rules, guard, budget);
    }

    private void MergeByScan(MergeRules rules, bool guard)
    {
        Span<int> symbols = _symbols.AsSpan(0, Count);
        Span<long> pairs = _pairs.AsSpan(0, Count);
        while (true)
        {
            int best = 0;
            for (int i = 1; i < pairs.Length; i++)
            {
                if (pairs[i] < pairs[best])
                    best = i;
            }
            if (pairs[best] == MergeRules.None)
                break;
            symbols[best] = MergeRules.ResultOf(pairs[best]);
            symbols[(best + 2)..].CopyTo(symbols[(best + 1)..]);
            pairs[(best + 2)..].CopyTo(pairs[(best + 1)..]);
            symbols = symbols[..^1];
            pairs = pairs[..^1];
            pairs[best] = best + 1 < symbols.Length ? rules.Find(symbols[best], symbols[best + 1], guard) : MergeRules.None;
            if (best > 0)
                pairs[best - 1] = rules.Find(symbols[best - 1], symbols[best], guard);
        }
        Count = symbols.Length;
    }

    private void MergeByHeap(MergeRules rules, bool guard, CpuBudget budget)
    {
        PrepareHeap();
        int steps = 0;
        while (_heapCount > 0)
        {
            if (++steps % StepsPerCheck == 0)
                TokenizerException.ThrowIfExceeded(budget);
            ulong top = Pop();
            int position = (int)(uint)top;
            long pair = _pairs[position];
            if (pair == MergeRules.None || MergeRules.RankOf(pair) != (int)(top >> 32))
                continue; // the pair has changed since it was pushed
            int right = _next[position];
            int after = _next[right];
            _symbols[position] = MergeRules.ResultOf(pair);
            _symbols[right] = Removed;
            _pairs[right] = MergeRules.None;
            _next[position] = after;
            if (after < Count)
                _previous[after] = position;
            UpdatePair(position, rules, guard);
            if (_previous[position] != Removed)
                UpdatePair(_previous[position], rules, guard);
        }
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_symbols[i] != Removed)
                _symbols[kept++] = _symbols[i];
        }
        Count = kept;
    }

    private void PrepareHeap()
    {
        if (_next.Length < Count)
        {
            _next = new int[_symbols.Length];
            _previous = new int[_symbols.Length];
        }
        _heapCount = 0;
        for (int i = 0; i < Count; i++)
        {
            _next[i] = i + 1;
            _previous[i] = i - 1;
            if (_pairs[i] != MergeRules.None)
                Push(MergeRules.RankOf(_pairs[i]), i);
        }
    }

    private void UpdatePair(int position, MergeRules rules, bool guard)
    {
        int right = _next[position];
        long pair = right < Count ? rules.Find(_symbols[position], _symbols[right], guard) : MergeRules.None;
        _pairs[position] = pair;
        if (pair != MergeRules.None)
            Push(MergeRules.RankOf(pair), position);
    }

    private void Push(int rank, int position)
    {
        if (_heapCount == _heap.Length)
            Array.Resize(ref _heap, Math.Max(256, _heapCount * 2));
        ulong item = (ulong)(uint)rank << 32 | (uint)position;
        int hole = _heapCount++;
        while (hole > 0)
        {
            int parent = (hole - 1) / 2;
            if (_heap[parent] <= item)
                break;
            _heap[hole] = _heap[parent];
            hole = parent;
        }
        _heap[hole] = item;
    }

    private ulong Pop()
    {
        ulong top = _heap[0];
        ulong item = _heap[--_heapCount];
        int hole = 0;
        while (true)
        {
            int child = hole * 2 + 1;
            if (child >= _heapCount)
                break;
            if (child + 1 < _heapCount && _heap[child + 1] < _heap[child])
                child++;
            if (_heap[child] >= item)
                break;
            _heap[hole] = _heap[child];
            hole = child;
        }
        _heap[hole] = item;
        return top;
    }
}
