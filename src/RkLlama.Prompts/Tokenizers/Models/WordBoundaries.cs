using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Where a text without pre-tokenizer may be cut before encoding. No symbol can span "x▁" unless some merge joins a symbol that ends in x
/// to one that begins with the mark; before every other mark the text falls apart into words with exactly the same ids, and each word is
/// short enough for the fast path.
/// </summary>
internal sealed class WordBoundaries
{
    private const char Mark = '\u2581';

    private readonly ulong[] _joined = new ulong[0x10000 / 64];
    private bool _usable;

    private WordBoundaries()
    {
    }

    /// <summary>Collects what the merges join across a mark.</summary>
    /// <param name="vocabulary">Must hold the mark itself, or unknown characters could be fused across it.</param>
    public static WordBoundaries For(Vocabulary vocabulary) => new() { _usable = vocabulary.Find(Mark.ToString()) >= 0 };

    /// <summary>Never cuts.</summary>
    public static WordBoundaries None { get; } = new();

    /// <summary>Notes a merge. Both sides are UTF-8; <paramref name="opaque"/> tells that a side does not stand for its own letters.</summary>
    public void Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, bool opaque)
    {
        if (opaque)
        {
            _usable = false;
            return;
        }
        if (!_usable || !right.StartsWith("▁"u8) || Rune.DecodeLastFromUtf8(left, out Rune last, out _) != System.Buffers.OperationStatus.Done)
            return;
        Span<char> units = stackalloc char[2];
        char unit = units[last.EncodeToUtf16(units) - 1];
        _joined[unit >> 6] |= 1UL << (unit & 63);
    }

    /// <summary>The end of the word that begins at <paramref name="start"/>.</summary>
    public int EndOfWord(ReadOnlySpan<char> text, int start)
    {
        int index = _usable ? start + 1 : text.Length;
        while (index < text.Length)
        {
            int offset = text[index..].IndexOf(Mark);
            if (offset < 0)
                break;
            index += offset;
            char before = text[index - 1];
            if ((_joined[before >> 6] >> (before & 63) & 1) == 0)
                return index;
            index++;
        }
        return text.Length;
    }
}
