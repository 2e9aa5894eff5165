using System.Numerics;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>The merges of a tokenizer.json, in a flat hash table with 16 bytes per entry.</summary>
internal sealed class MergeTable : MergeRules
{
    private const ulong EmptyKey = ulong.MaxValue;

    private readonly Slot[] _slots;
    private readonly int _shift;

    public MergeTable(int capacity)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity + capacity / 2));
        _slots = new Slot[size];
        Array.Fill(_slots, new Slot(EmptyKey, 0, 0));
        _shift = 64 - BitOperations.Log2((uint)size);
    }

    private readonly record struct Slot(ulong Key, int Rank, int Result);

    /// <summary>Adds a merge. A later merge of the same pair replaces an earlier one, as in Hugging Face's tokenizers library.</summary>
    /// <param name="special">Whether the result is a control token.</param>
    public void Add(int left, int right, int rank, int result, bool special)
    {
        // The id of a special token is stored as its bitwise complement, which is negative. Other ids are not negative.
        _slots[IndexOf(left, right)] = new Slot(KeyOf(left, right), rank, special ? ~result : result);
    }

    public override long Find(int left, int right, bool guard)
    {
        Slot slot = _slots[IndexOf(left, right)];
        if (slot.Key == EmptyKey)
            return None;
        int result = slot.Result;
        if (result < 0)
        {
            if (guard)
                return None;
            result = ~result;
        }
        return (long)slot.Rank << 32 | (uint)result;
    }

    private int IndexOf(int left, int right)
    {
        ulong key = KeyOf(left, right);
        int index = (int)(key * 0x9E3779B97F4A7C15 >> _shift);
        while (_slots[index].Key != key && _slots[index].Key != EmptyKey)
            index = (index + 1) & (_slots.Length - 1);
        return index;
    }

    private static ulong KeyOf(int left, int right) => (ulong)(uint)left << 32 | (uint)right;
}
