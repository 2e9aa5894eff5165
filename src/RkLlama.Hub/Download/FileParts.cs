namespace RkLlama.Hub.Download;

/// <summary>Which bytes of an unfinished file are on the disk, and which ones are being fetched. Thread-safe.</summary>
/// <param name="size">The size of the complete file in bytes.</param>
/// <param name="written">The bytes that are on the disk already. They belong to this object from now on.</param>
internal sealed class FileParts(long size, ByteRanges written)
{
    // Guards the two fields below.
    private readonly Lock _lock = new();
    private readonly ByteRanges _written = written;

    // The bytes that are on the disk or are being fetched.
    private readonly ByteRanges _taken = new(written);

    /// <summary>The number of bytes on the disk.</summary>
    internal long WrittenBytes
    {
        get
        {
            lock (_lock)
                return _written.Count;
        }
    }

    /// <summary>The number of bytes on the disk from the start of the file without a gap.</summary>
    internal long PrefixLength
    {
        get
        {
            lock (_lock)
                return _written.PrefixLength;
        }
    }

    /// <summary>Takes a part of the file that is missing and that no other connection fetches.</summary>
    /// <param name="maxBytes">The maximum length of the part.</param>
    /// <returns>The first byte and the byte after the last one; <see langword="null"/> if there is nothing left to fetch.</returns>
    internal (long From, long To)? Take(long maxBytes)
    {
        lock (_lock)
        {
            if (_taken.FirstGap(0, size) is not var (from, to))
                return null;
            to = Math.Min(to, from + maxBytes);
            _taken.Add(from, to);
            return (from, to);
        }
    }

    /// <summary>Returns bytes that were taken but not fetched, so that another connection can take them.</summary>
    internal void Return(long from, long to)
    {
        lock (_lock)
            _taken.Remove(from, to);
    }

    /// <summary>Records bytes that are on the disk now. Returns the number of bytes on the disk.</summary>
    internal long AddWritten(long from, long to)
    {
        lock (_lock)
        {
            _written.Add(from, to);
            return _written.Count;
        }
    }

    /// <summary>Returns a copy of the bytes that are on the disk.</summary>
    internal ByteRanges CopyWritten()
    {
        lock (_lock)
            return new(_written);
    }
}
