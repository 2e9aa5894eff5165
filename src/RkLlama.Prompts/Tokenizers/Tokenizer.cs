using System.Text;
using RkLlama.Prompts.Tokenizers.Decoders;
using RkLlama.Prompts.Tokenizers.Loading;
using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.PreTokenizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers;

/// <summary>
/// Converts text to token ids and back. The ids are those of the model's own tokenizer, without added special tokens. Immutable after
/// loading; safe for concurrent use.
/// </summary>
public sealed class Tokenizer
{
    private readonly NormalizerChain _normalizers;
    private readonly IReadOnlyList<PreTokenizer> _preTokenizers;
    private readonly BpeModel _model;
    private readonly DecoderChain _decoders;
    private readonly Dictionary<int, AddedToken> _addedById = [];
    private readonly Dictionary<string, int> _addedByContent = new(StringComparer.Ordinal);
    private readonly AddedTokenMatcher _added;
    private readonly AddedTokenMatcher _normalizedAdded;
    private EncodeScratch? _idleScratch;

    internal Tokenizer(TokenizerComponents parts)
    {
        _normalizers = parts.Normalizers;
        _preTokenizers = parts.PreTokenizers;
        _model = parts.Model;
        _decoders = parts.Decoders;
        AddedTokens = parts.AddedTokens;
        foreach (AddedToken token in AddedTokens)
        {
            _addedById[token.Id] = token;
            _addedByContent[token.Content] = token.Id;
        }
        // Special tokens first: if two tokens have the same text, the special one counts.
        AddedToken[] ordered = [.. AddedTokens.OrderByDescending(token => token.Special)];
        _added = new AddedTokenMatcher(ordered.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalizedAdded = new AddedTokenMatcher(
            ordered.Where(token => token.Normalized).Select(token => (_normalizers.Normalize(token.Content), token)));
        VocabularySize = Math.Max(_model.Vocabulary.IdLimit, AddedTokens.Count == 0 ? 0 : AddedTokens.Max(token => token.Id) + 1);
    }

    /// <summary>One more than the highest token id.</summary>
    public int VocabularySize { get; }

    /// <summary>The tokens that are matched as literals, in file order.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>Loads a tokenizer: a <c>*.tiktoken</c> file as a rank file of Qwen 1, any other file as tokenizer.json.</summary>
    /// <exception cref="TokenizerException">The file is not valid or uses an unsupported component; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Tokenizer LoadFile(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return new Tokenizer(path.EndsWith(".tiktoken", StringComparison.OrdinalIgnoreCase) ? TiktokenReader.Load(stream) : TokenizerJsonReader.Load(stream));
    }

    /// <summary>Loads a tokenizer.json.</summary>
    /// <exception cref="TokenizerException">The content is not valid or uses an unsupported component; the message names it.</exception>
    public static Tokenizer LoadJson(Stream json) => new(TokenizerJsonReader.Load(json));

    /// <summary>Encodes a text as template text: literals such as <c>&lt;|im_end|&gt;</c> become control tokens.</summary>
    /// <exception cref="TokenizerException">A pattern of the tokenizer exceeds its limit of steps on this text.</exception>
    public int[] Encode(string text) => Encode(PromptText.Trusted(text), guard: false);

    /// <summary>Encodes a prompt.</summary>
    /// <inheritdoc cref="Encode(PromptText, bool, List{int})"/>
    public int[] Encode(PromptText prompt, bool guard)
    {
        var ids = new List<int>(prompt.Text.Length / 3 + 16);
        Encode(prompt, guard, ids);
        return [.. ids];
    }

    /// <summary>
    /// Appends the ids of a prompt to <paramref name="ids"/>. With <paramref name="guard"/>, request text never becomes an added token, so a
    /// client cannot forge a turn; all other ids are those of the model's own tokenizer. Lone surrogates are encoded as U+FFFD.
    /// </summary>
    /// <exception cref="ArgumentException">The request spans are out of order or outside the text.</exception>
    /// <exception cref="TokenizerException">A pattern of the tokenizer exceeds its limit of steps on this text.</exception>
    public void Encode(PromptText prompt, bool guard, List<int> ids)
    {
        EncodeScratch scratch = Interlocked.Exchange(ref _idleScratch, null) ?? new EncodeScratch();
        scratch.Prompt.Load(prompt, guard);
        guard = scratch.Prompt.TracksOrigin; // without request text there is nothing to guard
        scratch.Segments.Clear();
        _added.Split(scratch.Prompt, scratch.Segments);
        foreach (AddedSegment segment in scratch.Segments)
        {
            if (segment.TokenId >= 0)
                ids.Add(segment.TokenId);
            else
                EncodeRun(segment.Range, scratch, guard, ids);
        }
        if (scratch.IsSmallEnoughToReuse)
            _idleScratch = scratch;
    }

    /// <summary>Returns the id of a token in the form of the tokenizer file, or null.</summary>
    public int? TokenId(string token)
    {
        if (_addedByContent.TryGetValue(token, out int added))
            return added;
        int id = _model.Vocabulary.Find(token);
        return id < 0 ? null : id;
    }

    /// <summary>
    /// Returns the bytes that a token adds in the middle of a text. They may end inside a character. Empty for an unknown id.
    /// </summary>
    public byte[] TokenBytes(int id) => TokenText(id) is { } token ? _decoders.GetBytes(token) : [];

    /// <summary>Decodes ids to text. Unknown ids are skipped; with <paramref name="skipSpecial"/>, control tokens too.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial)
    {
        var tokens = new List<string>(ids.Length);
        foreach (int id in ids)
        {
            if (TokenText(id) is { } token && !(skipSpecial && _addedById.TryGetValue(id, out AddedToken? added) && added.Special))
                tokens.Add(token);
        }
        return _decoders.Decode(tokens);
    }

    private string? TokenText(int id)
    {
        if (_addedById.TryGetValue(id, out AddedToken? added))
            return added.Content;
        return _model.Vocabulary.Contains(id) ? Encoding.UTF8.GetString(_model.Vocabulary.TokenText(id)) : null;
    }

    /// <summary>
    /// Encodes the text between two added tokens: normalizes it, matches the added tokens of the normalized text, and encodes the rest.
    /// </summary>
    private void EncodeRun(TextRange range, EncodeScratch scratch, bool guard, List<int> ids)
    {
        scratch.Run.Clear(scratch.Prompt.TracksOrigin);
        scratch.Run.Append(scratch.Prompt, range.Start, range.End);
        TextBuffer text = _normalizers.Normalize(scratch.Run, scratch.Spare);
        scratch.NormalizedSegments.Clear();
        _normalizedAdded.Split(text, scratch.NormalizedSegments);
        foreach (AddedSegment segment in scratch.NormalizedSegments)
        {
            if (segment.TokenId >= 0)
            {
                ids.Add(segment.TokenId);
                continue;
            }
            scratch.PreTokenization.Start(text, segment.Range, startsPrompt: range.Start == 0);
            EncodePieces(scratch, guard, ids);
        }
    }

    private void EncodePieces(EncodeScratch scratch, bool guard, List<int> ids)
    {
        PreTokenization state = scratch.PreTokenization;
        foreach (PreTokenizer step in _preTokenizers)
            step.Apply(state);
        foreach (TextRange piece in state.Pieces)
            _model.Encode(state.TextOf(piece), scratch.Bpe, guard, ids);
    }
}
