using System.Buffers.Binary;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Many short byte strings in one array, found by content: no object per string. The number of a string is its place in the order of
/// adding. Not safe for threads while strings are added; safe afterwards.
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

    /// <summary>Adds a string without making it findable, and returns its number.</summary>
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

    /// <summary>Makes all strings findable; of equal ones the last.</summary>
    public void Index()
    {
        int size = 4096;
        while (size < Count * 2)
            size *= 2;
        _table = new int[size];
        for (int number = 0; number < Count; number++)
            _table[Slot(this[number])] = number + 1;
    }

    /// <summary>Gives back what the arrays hold beyond the strings.</summary>
    public void Trim()
    {
        Array.Resize(ref _bytes, Count == 0 ? 0 : _ends[Count - 1]);
        Array.Resize(ref _ends, Count);
    }

    /// <summary>The number of a string that <see cref="Index"/> saw, or -1.</summary>
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
