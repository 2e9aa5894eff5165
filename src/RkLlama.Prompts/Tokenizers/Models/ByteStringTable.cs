using System.Buffers.Binary;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Stores many short byte strings in one array, without an object for each string, and finds them by content. The strings are numbered from 0 in the order in
/// which they are added. Not thread-safe while strings are added; safe for concurrent reads afterwards.
/// </summary>
internal sealed class ByteStringTable
{
    private byte[] _bytes;
    private int[] _ends;
    private int[] _table;

    public ByteStringTable(int capacity)
    {
        _bytes = new byte[capacity * 8];
        _ends = new int[capacity];
        _table = new int[4096];
    }

    public int Count { get; private set; }

    public int MaxLength { get; private set; }

    public ReadOnlySpan<byte> this[int number]
    {
        get
        {
            int start = number == 0 ? 0 : _ends[number - 1];
            return _bytes.AsSpan(start, _ends[number] - start);
        }
    }

    /// <summary>Adds a string and returns its number. <see cref="Find"/> finds the string only after the next call of <see cref="Index"/>.</summary>
    public int Append(ReadOnlySpan<byte> value)
    {
        int start = Count == 0 ? 0 : _ends[Count - 1];
        if (start + value.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(start + value.Length, _bytes.Length + _bytes.Length / 2));
        if (Count == _ends.Length)
            Array.Resize(ref _ends, Count + Count / 2 + 16);
        value.CopyTo(_bytes.AsSpan(start));
        _ends[Count] = start + value.Length;
        MaxLength = Math.Max(MaxLength, value.Length);
        return Count++;
    }

    /// <summary>Builds the index for <see cref="Find"/>. Of several equal strings, the last one is found.</summary>
    public void Index()
    {
        int size = 4096;
        while (size < Count * 2)
            size *= 2;
        _table = new int[size];
        for (int number = 0; number < Count; number++)
            _table[Slot(this[number])] = number + 1;
    }

    /// <summary>Releases the memory that is reserved for more strings.</summary>
    public void Trim()
    {
        Array.Resize(ref _bytes, Count == 0 ? 0 : _ends[Count - 1]);
        Array.Resize(ref _ends, Count);
    }

    /// <summary>Returns the number of a string; -1 if the index does not contain it.</summary>
    public int Find(ReadOnlySpan<byte> value) => value.Length > MaxLength ? -1 : _table[Slot(value)] - 1;

    private int Slot(ReadOnlySpan<byte> value)
    {
        int mask = _table.Length - 1;
        int slot = (int)(Hash(value) >> 32) & mask;
        while (_table[slot] != 0 && !this[_table[slot] - 1].SequenceEqual(value))
            slot = (slot + 1) & mask;
        return slot;
    }

    private static ulong Hash(ReadOnlySpan<byte> value)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        ulong hash = (ulong)value.Length * Multiplier;
        while (value.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(value));
            value = value[8..];
        }
        ulong tail = 0;
        if (value.Length >= 4)
        {
            tail = BinaryPrimitives.ReadUInt32LittleEndian(value);
            value = value[4..];
        }
        foreach (byte next in value)
            tail = tail << 8 | next;
        return Mix(hash ^ tail);

        static ulong Mix(ulong mixed)
        {
            mixed *= Multiplier;
            return mixed ^ mixed >> 29;
        }
    }
}
