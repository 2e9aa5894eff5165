using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Splits a text into words before byte-pair encoding, because short words are encoded faster. Used for models that write each space in a text as ▁
/// (U+2581). The split must not change the token ids. A token can contain the characters x▁ only if a merge joins a token that ends with x and a token
/// that begins with ▁. So the text is split before each ▁ whose previous character has no such merge.
/// </summary>
internal sealed class WordBoundaries
{
    private const char Mark = '\u2581';

    private readonly ulong[] _joined = new ulong[0x10000 / 64];
    private bool _usable;

    private WordBoundaries()
    {
    }

    /// <summary>Creates an instance. Before its first use, <see cref="Add"/> must be called for each merge of the model.</summary>
    /// <param name="vocabulary">If the vocabulary does not contain ▁, no text is split, because an unknown character and ▁ could become one token.</param>
    public static WordBoundaries For(Vocabulary vocabulary) => new() { _usable = vocabulary.Find(Mark.ToString()) >= 0 };

    /// <summary>An instance that splits no text.</summary>
    public static WordBoundaries None { get; } = new();

    /// <summary>
    /// Adds a merge of two tokens, which are in UTF-8.
    /// </summary>
    /// <param name="opaque">
    /// Whether one of the two tokens can represent other text than its own. If this is true for at least one merge, this instance splits no text.
    /// </param>
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

    /// <summary>Returns the index after the word that begins at <paramref name="start"/>.</summary>
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
