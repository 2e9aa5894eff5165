using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Finds positions where a text without pre-tokenizer can be split before encoding. A symbol can span "x▁" only if a merge joins a symbol
/// that ends in x with one that begins with the mark ▁. Splitting before every other mark gives the same ids, and short words encode faster.
/// </summary>
internal sealed class WordBoundaries
{
    private const char Mark = '\u2581';

    private readonly ulong[] _joined = new ulong[0x10000 / 64];
    private bool _usable;

    private WordBoundaries()
    {
    }

    /// <summary>Creates boundaries; <see cref="Add"/> collects the merges across a mark.</summary>
    /// <param name="vocabulary">Must contain the mark. Otherwise unknown characters could fuse across it, and the text is never
    /// split.</param>
    public static WordBoundaries For(Vocabulary vocabulary) => new() { _usable = vocabulary.Find(Mark.ToString()) >= 0 };

    /// <summary>Never splits.</summary>
    public static WordBoundaries None { get; } = new();

    /// <summary>
    /// Adds a merge of two UTF-8 symbols. <paramref name="opaque"/>: a symbol may stand for other text than its own characters.
    /// </summary>
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

    /// <summary>Returns the end of the word that begins at <paramref name="start"/>.</summary>
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
