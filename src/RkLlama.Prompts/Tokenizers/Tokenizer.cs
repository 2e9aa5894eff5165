using System.Buffers;
using System.Text;
using RkLlama.Prompts.Files;
using RkLlama.Prompts.Tokenizers.Decoders;
using RkLlama.Prompts.Tokenizers.Loading;
using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.PreTokenizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers;

/// <summary>
/// Converts text to token ids and back. The ids are the same as those of the model's original tokenizer. Encoding adds no tokens that are not in the text, such
/// as a begin-of-text token. Immutable after loading; safe for concurrent use.
/// </summary>
public sealed class Tokenizer
{
    // The number of tokens between two checks of the processor time and of cancellation.
    private const int TokensPerCheck = 4096;

    // The time to search for added tokens is proportional to the length of the longest one. Known added tokens have less than 100 characters.
    private const int MaxAddedTokenLength = 1024;

    private readonly NormalizerChain _normalizers;
    private readonly IReadOnlyList<PreTokenizer> _preTokenizers;
    private readonly BpeModel _model;
    private readonly DecoderChain _decoders;
    private readonly Dictionary<int, AddedToken> _addedById = [];
    private readonly Dictionary<string, int> _addedByContent = new(StringComparer.Ordinal);
    private readonly AddedTokenMatcher _added;
    private readonly AddedTokenMatcher _normalizedAdded;
    private readonly string _name;
    private EncodeScratch? _idleScratch;

    /// <param name="name">The name of the tokenizer file, for error messages.</param>
    /// <exception cref="TokenizerException">The normalizer makes the added tokens too long.</exception>
    internal Tokenizer(TokenizerComponents parts, string name = "tokenizer.json")
    {
        _name = name;
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
        // Special tokens come first, because the first of two tokens with the same text counts.
        AddedToken[] ordered = [.. AddedTokens.OrderByDescending(token => token.Special)];
        if (Array.Find(ordered, token => token.Content.Length > MaxAddedTokenLength) is { } tooLong)
            throw new TokenizerException($"The added token {tooLong.Id} is longer than {MaxAddedTokenLength} characters.");
        _added = new AddedTokenMatcher(ordered.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        TextBudget budget = new(name, ordered.Sum(token => (long)token.Content.Length));
        _normalizedAdded = new AddedTokenMatcher(
            ordered.Where(token => token.Normalized).Select(token => (_normalizers.Normalize(token.Content, budget), token)));
        LongestToken = Math.Max(1, Math.Max(_model.Vocabulary.MaxLength, AddedTokens.Count == 0 ? 0 : AddedTokens.Max(token => token.Content.Length)));
        VocabularySize = Math.Max(_model.Vocabulary.IdLimit, AddedTokens.Count == 0 ? 0 : AddedTokens.Max(token => token.Id) + 1);
    }

    /// <summary>An upper bound of the length of a token's text, in UTF-16 units; at least 1.</summary>
    public int LongestToken { get; }

    /// <summary>The highest token id plus 1.</summary>
    public int VocabularySize { get; }

    /// <summary>The size of the file from which the tokenizer was loaded, in bytes; 0 if it was not loaded from a file.</summary>
    public long FileSize { get; private init; }

    /// <summary>The added tokens, in the order of the tokenizer file.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>Loads a tokenizer file: a <c>*.tiktoken</c> file of Qwen 1, or a tokenizer.json with any other file name.</summary>
    /// <exception cref="TokenizerException">The file is not valid, or it uses a component that is not supported. The message has the details.</exception>
    /// <exception cref="IOException">The file cannot be read, is not a regular file, or is larger than its limit in <see cref="FileLimits"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Tokenizer LoadFile(string path, CancellationToken cancellationToken = default)
    {
        bool isTiktoken = path.EndsWith(".tiktoken", StringComparison.OrdinalIgnoreCase);
        using Stream stream = RegularFile.Open(path, isTiktoken ? FileLimits.Tiktoken : FileLimits.Tokenizer, cancellationToken);
        long size = stream.Length;
        return new Tokenizer(isTiktoken ? TiktokenReader.Load(stream) : TokenizerJsonReader.Load(stream), Path.GetFileName(path)) { FileSize = size };
    }

    /// <summary>Loads a tokenizer.json.</summary>
    /// <exception cref="TokenizerException">The content is not valid, or it uses a component that is not supported. The message has the details.</exception>
    public static Tokenizer LoadJson(Stream json) => new(TokenizerJsonReader.Load(json));

    /// <summary>Encodes a text that contains no request text. The texts of control tokens, such as <c>&lt;|im_end|&gt;</c>, become control tokens.</summary>
    /// <exception cref="TokenizerException">A regular expression of the tokenizer needs too many steps for this text.</exception>
    public int[] Encode(string text) => Encode(PromptText.Trusted(text), guard: false);

    /// <summary>Encodes a prompt.</summary>
    /// <inheritdoc cref="Encode(PromptText, bool, List{int}, PromptLimits)"/>
    public int[] Encode(PromptText prompt, bool guard)
    {
        var ids = new List<int>(prompt.Text.Length / 3 + 16);
        Encode(prompt, guard, ids, PromptLimits.None());
        return [.. ids];
    }

    /// <summary>
    /// Appends the token ids of a prompt to <paramref name="ids"/>. If <paramref name="guard"/> is true, request text never becomes an added token, so that a
    /// client cannot insert a message of another role. All other text is encoded as the model's original tokenizer does. Lone surrogates are encoded as U+FFFD.
    /// </summary>
    /// <param name="limits">The limits of tokens and processor time; null for none.</param>
    /// <returns>False if the text has more tokens than the limit. Then <paramref name="ids"/> has the first ones, more than the limit.</returns>
    /// <exception cref="ArgumentException">The request spans are not in order, or are outside the text.</exception>
    /// <exception cref="TokenizerException">
    /// The tokenizer needs too much processor time or too many steps for this text, or a normalizer makes it too long.
    /// </exception>
    /// <exception cref="OperationCanceledException">The encoding was cancelled.</exception>
    public bool Encode(PromptText prompt, bool guard, List<int> ids, PromptLimits? limits = null)
    {
        limits ??= PromptLimits.None();
        TextBudget budget = new(_name, prompt.Text.Length);
        EncodeScratch scratch = Interlocked.Exchange(ref _idleScratch, null) ?? new EncodeScratch();
        scratch.Prompt.Load(prompt, guard);
        guard = scratch.Prompt.TracksOrigin; // false if the prompt has no request text: then the guard has no effect
        scratch.Segments.Clear();
        _added.Split(scratch.Prompt, scratch.Segments, limits.Budget);
        foreach (AddedSegment segment in scratch.Segments)
        {
            if (segment.TokenId >= 0)
                ids.Add(segment.TokenId);
            else
                EncodeRun(segment.Range, scratch, guard, budget, ids, limits);
            if (ids.Count > limits.MaxTokens)
                break;
        }
        if (scratch.IsSmallEnoughToReuse)
            _idleScratch = scratch;
        return ids.Count <= limits.MaxTokens;
    }

    /// <summary>Returns the id of a token; null if there is no such token.</summary>
    /// <param name="token">The token as it is written in the tokenizer file, such as <c>Ġthe</c> for a token with a space at its start.</param>
    public int? TokenId(string token)
    {
        if (_addedByContent.TryGetValue(token, out int added))
            return added;
        int id = _model.Vocabulary.Find(token);
        return id < 0 ? null : id;
    }

    /// <summary>
    /// Returns the UTF-8 bytes that a token adds to a text, if it is not the first token of the text. The bytes may begin or end inside a character. Empty for
    /// an unknown id.
    /// </summary>
    public byte[] TokenBytes(int id) => TokenText(id) is { } token ? _decoders.GetBytes(token) : [];

    /// <summary>Decodes ids to text. Skips unknown ids; if <paramref name="skipSpecial"/> is true, also skips control tokens.</summary>
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

    /// <summary>Returns the added token with an id; null if there is none.</summary>
    public AddedToken? FindAddedToken(int id) => _addedById.GetValueOrDefault(id);

    /// <summary>Whether the id belongs to a token.</summary>
    public bool Contains(int id) => _model.Vocabulary.Contains(id) || _addedById.ContainsKey(id);

    /// <summary>
    /// Appends the UTF-8 bytes that a token adds to a text, if it is not the first token of the text: see <see cref="TokenBytes"/>. Appends nothing for an
    /// unknown id.
    /// </summary>
    internal void AppendTokenBytes(int id, ArrayBufferWriter<byte> target)
    {
        if (_addedById.TryGetValue(id, out AddedToken? added))
            target.Write(_decoders.GetBytes(added.Content));
        else if (_model.Vocabulary.Contains(id))
            _decoders.AppendBytes(_model.Vocabulary.TokenText(id), target);
    }

    private string? TokenText(int id)
    {
        if (_addedById.TryGetValue(id, out AddedToken? added))
            return added.Content;
        return _model.Vocabulary.Contains(id) ? Encoding.UTF8.GetString(_model.Vocabulary.TokenText(id)) : null;
    }

    /// <summary>
    /// Encodes the text between two added tokens: normalizes the text, finds the added tokens that are matched in normalized text, and encodes the rest.
    /// </summary>
    private void EncodeRun(TextRange range, EncodeScratch scratch, bool guard, TextBudget budget, List<int> ids, PromptLimits limits)
    {
        TokenizerException.ThrowIfExceeded(limits.Budget);
        scratch.Run.Clear(scratch.Prompt.TracksOrigin);
        scratch.Run.Append(scratch.Prompt, range.Start, range.End);
        TextBuffer text = _normalizers.Normalize(scratch.Run, scratch.Spare, budget);
        scratch.NormalizedSegments.Clear();
        _normalizedAdded.Split(text, scratch.NormalizedSegments, limits.Budget);
        foreach (AddedSegment segment in scratch.NormalizedSegments)
        {
            if (segment.TokenId >= 0)
            {
                ids.Add(segment.TokenId);
                continue;
            }
            scratch.PreTokenization.Start(text, segment.Range, startsPrompt: range.Start == 0);
            EncodePieces(scratch, guard, ids, limits);
            if (ids.Count > limits.MaxTokens)
                return;
        }
    }

    /// <summary>Encodes the pieces of a text. Stops if the ids exceed the limit of tokens.</summary>
    private void EncodePieces(EncodeScratch scratch, bool guard, List<int> ids, PromptLimits limits)
    {
        PreTokenization state = scratch.PreTokenization;
        foreach (PreTokenizer step in _preTokenizers)
        {
            step.Apply(state);
            TokenizerException.ThrowIfExceeded(limits.Budget);
        }

        int next = ids.Count + TokensPerCheck;
        foreach (TextRange piece in state.Pieces)
        {
            _model.Encode(state.TextOf(piece), scratch.Bpe, guard, ids, limits.Budget);
            if (ids.Count > limits.MaxTokens)
                return;
            if (ids.Count < next)
                continue;
            TokenizerException.ThrowIfExceeded(limits.Budget);
            next = ids.Count + TokensPerCheck;
        }
    }
}
