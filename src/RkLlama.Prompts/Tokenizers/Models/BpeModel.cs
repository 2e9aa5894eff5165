using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>Options of byte-pair encoding (BPE), from the object <c>model</c> of a tokenizer.json.</summary>
internal sealed record BpeOptions
{
    /// <summary>
    /// Whether the merges start from the bytes of the text, each written as a character of <see cref="ByteAlphabet"/>. If false, they start from the characters
    /// of the text.
    /// </summary>
    public bool ByteLevel { get; init; }

    /// <summary>
    /// Whether a character that is not in the vocabulary becomes the tokens of its bytes, <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>.
    /// </summary>
    public bool ByteFallback { get; init; }

    /// <summary>Whether adjacent unknown characters become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether merges are left out for a piece of text that is a token of the vocabulary as a whole: the piece becomes this token.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>The id of the token for unknown characters; -1 to drop unknown characters.</summary>
    public int UnknownId { get; init; } = -1;
}

/// <summary>Encodes pieces of text to token ids by byte-pair encoding (BPE). Safe for concurrent use.</summary>
internal sealed class BpeModel
{
    private readonly Vocabulary _vocabulary;
    private readonly MergeRules _rules;
    private readonly WordBoundaries _boundaries;
    private readonly BpeOptions _options;
    private readonly int[] _byteIds = new int[256];
    private readonly int[] _fallbackIds = new int[256];

    // A cache, indexed by token id: the result of encoding a word whose text equals the text of the token. Threads write it without a lock, because an entry
    // changes only once, from Unknown to its only correct value.
    private readonly WordOutcome[] _wordOutcomes;

    public BpeModel(Vocabulary vocabulary, MergeRules rules, WordBoundaries boundaries, BpeOptions options, IEnumerable<int> specialIds)
    {
        _vocabulary = vocabulary;
        _rules = rules;
        _boundaries = boundaries;
        _options = options;
        _wordOutcomes = new WordOutcome[vocabulary.IdLimit];
        foreach (int id in specialIds.Where(vocabulary.Contains))
            _wordOutcomes[id] = WordOutcome.Special;
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = vocabulary.Find(ByteAlphabet.ToLetter((byte)value).ToString());
            _fallbackIds[value] = vocabulary.Find($"<0x{value:X2}>");
        }
    }

    /// <summary>What a word becomes if its text is a token in the vocabulary. Stored for each token id.</summary>
    private enum WordOutcome : byte
    {
        Unknown,

        /// <summary>The word becomes only this token.</summary>
        OneToken,

        /// <summary>The word becomes other tokens, usually several.</summary>
        SeveralTokens,

        /// <summary>The token is a control token. If the parameter <c>guard</c> is true, no word becomes this token.</summary>
        Special,
    }

    public Vocabulary Vocabulary => _vocabulary;

    /// <summary>Appends the token ids of one piece of text. If <paramref name="guard"/> is true, none of them is the id of a control token.</summary>
    /// <exception cref="TokenizerException">The piece is long and needs too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The encoding was cancelled.</exception>
    public void Encode(ReadOnlySpan<char> piece, BpeScratch scratch, bool guard, List<int> ids, CpuBudget budget)
    {
        if (_options.IgnoreMerges && piece.Length <= _vocabulary.MaxLength)
        {
            int id = _vocabulary.Find(ToVocabularyText(piece, scratch));
            if (id >= 0 && !(guard && _wordOutcomes[id] == WordOutcome.Special))
            {
                ids.Add(id);
                return;
            }
        }
        for (int start = 0; start < piece.Length;)
        {
            int end = _options.ByteLevel ? piece.Length : _boundaries.EndOfWord(piece, start);
            EncodeWord(piece[start..end], scratch, guard, ids, budget);
            start = end;
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, BpeScratch scratch, bool guard, List<int> ids, CpuBudget budget)
    {
        ReadOnlySpan<byte> token = ToVocabularyText(word, scratch);
        int id = _vocabulary.Find(token);
        if (id >= 0 && _wordOutcomes[id] == WordOutcome.OneToken)
        {
            ids.Add(id);
            return;
        }
        SymbolMerger merger = scratch.Merger;
        merger.Clear();
        if (_options.ByteLevel)
            AddBytes(scratch.Utf8, merger);
        else
            AddCharacters(token, merger);
        merger.Merge(_rules, guard, budget);
        ids.AddRange(merger.Symbols);
        if (id >= 0 && _wordOutcomes[id] == WordOutcome.Unknown && !guard)
            _wordOutcomes[id] = merger.Count == 1 && merger.Symbols[0] == id ? WordOutcome.OneToken : WordOutcome.SeveralTokens;
    }

    /// <summary>
    /// Converts a piece of text to the form in which the vocabulary stores tokens: UTF-8, or the characters of <see cref="ByteAlphabet"/> for its bytes.
    /// </summary>
    private ReadOnlySpan<byte> ToVocabularyText(ReadOnlySpan<char> piece, BpeScratch scratch)
    {
        ReadOnlySpan<byte> utf8 = scratch.ToUtf8(piece);
        return _options.ByteLevel ? scratch.ToLetters(utf8) : utf8;
    }

    private void AddBytes(ReadOnlySpan<byte> utf8, SymbolMerger merger)
    {
        Span<byte> letter = stackalloc byte[2];
        bool unknown = false;
        foreach (byte value in utf8)
        {
            int id = _byteIds[value];
            if (id >= 0)
                AddKnownCharacter(id, merger, ref unknown);
            else
                AddUnknownCharacter(letter[..Encoding.UTF8.GetBytes([ByteAlphabet.ToLetter(value)], letter)], merger, ref unknown);
        }
        Flush(merger, ref unknown);
    }

    private void AddCharacters(ReadOnlySpan<byte> utf8, SymbolMerger merger)
    {
        bool unknown = false;
        while (!utf8.IsEmpty)
        {
            Rune.DecodeFromUtf8(utf8, out _, out int length);
            int id = _vocabulary.Find(utf8[..length]);
            if (id >= 0)
                AddKnownCharacter(id, merger, ref unknown);
            else
                AddUnknownCharacter(utf8[..length], merger, ref unknown);
            utf8 = utf8[length..];
        }
        Flush(merger, ref unknown);
    }

    private void AddKnownCharacter(int id, SymbolMerger merger, ref bool unknown)
    {
        Flush(merger, ref unknown);
        merger.Add(id);
    }

    private void AddUnknownCharacter(ReadOnlySpan<byte> character, SymbolMerger merger, ref bool unknown)
    {
        if (_options.ByteFallback && HasFallback(character))
        {
            // If an unknown token is pending, it is not written here but later, as in Hugging Face's tokenizers library.
            foreach (byte value in character)
                merger.Add(_fallbackIds[value]);
            return;
        }
        if (_options.UnknownId < 0)
            return;
        if (!_options.FuseUnknown)
            Flush(merger, ref unknown);
        unknown = true;
    }

    private bool HasFallback(ReadOnlySpan<byte> character)
    {
        foreach (byte value in character)
        {
            if (_fallbackIds[value] < 0)
                return false;
        }
        return true;
    }

    private void Flush(SymbolMerger merger, ref bool unknown)
    {
        if (unknown)
            merger.Add(_options.UnknownId);
        unknown = false;
    }
}
