namespace RkLlama.Hub.Download;

/// <summary>A set of bytes of a file, kept as sorted ranges that do not touch. Not thread-safe.</summary>
internal sealed class ByteRanges
{
    private readonly List<(long From, long To)> _ranges;

    /// <summary>Creates an empty set.</summary>
    internal ByteRanges() => _ranges = [];

    /// <summary>Creates a copy of a set.</summary>
    internal ByteRanges(ByteRanges other) => (_ranges, Count) = ([.. other._ranges], other.Count);

    /// <summary>The ranges in ascending order; the second offset of each is the first byte that does not belong to it.</summary>
    internal IReadOnlyList<(long From, long To)> Ranges => _ranges;

    /// <summary>The number of bytes in the set.</summary>
    internal long Count { get; private set; }

    /// <summary>The number of bytes from the start of the file without a gap.</summary>
    internal long PrefixLength => _ranges.Count > 0 && _ranges[0].From == 0 ? _ranges[0].To : 0;

    /// <summary>Adds the bytes from <paramref name="from"/> up to, but not including, <paramref name="to"/>. They may be in the set already.</summary>
    internal void Add(long from, long to)
    {
        if (from >= to)
            return;
        int first = _ranges.FindIndex(range => range.To >= from);
        if (first < 0)
            first = _ranges.Count;
        int last = first;
        for (; last < _ranges.Count && _ranges[last].From <= to; last++)
        {
            from = Math.Min(from, _ranges[last].From);
            to = Math.Max(to, _ranges[last].To);
            Count -= _ranges[last].To - _ranges[last].From;
        }

        _ranges.RemoveRange(first, last - first);
        _ranges.Insert(first, (from, to));
        Count += to - from;
    }

    /// <summary>Removes bytes.</summary>
    internal void Remove(long from, long to)
    {
        (long From, long To)[] old = [.. _ranges];
        Clear();
        foreach ((long start, long end) in old)
        {
            Add(start, Math.Min(end, from));
            Add(Math.Max(start, to), end);
        }
    }

    /// <summary>Removes all bytes.</summary>
    internal void Clear()
    {
        _ranges.Clear();
        Count = 0;
    }

    /// <summary>Returns the first gap at or after an offset, up to the next range or the end of the file; <see langword="null"/> if there is none.</summary>
    /// <param name="size">The size of the file.</param>
    internal (long From, long To)? FirstGap(long offset, long size)
    {
        foreach ((long from, long to) in _ranges)
        {
            if (offset < from)
                return (offset, Math.Min(from, size));
            offset = Math.Max(offset, to);
        }

        return offset < size ? (offset, size) : null;
    }
}
