using System.Text.Json;
using RkLlama.Prompts.Tokenizers.Models;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>
/// Reads the object <c>model</c> of a tokenizer.json. Stores the merges as text first and converts them to token ids at the end, because the file may contain
/// them before the vocabulary.
/// </summary>
internal sealed class BpeModelReader
{
    private readonly Vocabulary.Builder _vocabulary = new();
    private readonly ByteStringTable _mergeSides = new(65_536);
    private byte[] _text = new byte[1024];
    private string? _unknownToken;

    public BpeOptions Options { get; private set; } = new();

    public void Read(ref JsonStreamReader json)
    {
        json.Expect(JsonTokenType.StartObject, "The model");
        bool hasMerges = false;
        for (json.Read(); json.TokenType != JsonTokenType.EndObject; json.Read())
        {
            string name = json.GetString();
            json.Read();
            switch (name)
            {
                case "type":
                    if (json.TokenType != JsonTokenType.String || json.GetString() is not "BPE")
                        throw TokenizerException.Unsupported($"the model {(json.TokenType == JsonTokenType.String ? json.GetString() : "type")}");
                    break;
                case "vocab":
                    ReadVocabulary(ref json);
                    break;
                case "merges":
                    hasMerges = true;
                    ReadMerges(ref json);
                    break;
                default:
                    ReadOption(name, ref json);
                    break;
            }
        }
        if (!hasMerges)
            throw TokenizerException.Unsupported("a model without merges");
    }

    /// <summary>Creates the model. Called after the whole file has been read.</summary>
    /// <param name="byteLevel">The value of <see cref="BpeOptions.ByteLevel"/>.</param>
    /// <param name="findSpecialIds">Returns the ids of the control tokens.</param>
    public BpeModel Build(bool byteLevel, Func<Vocabulary, IReadOnlySet<int>> findSpecialIds)
    {
        Vocabulary vocabulary = _vocabulary.Build();
        IReadOnlySet<int> specialIds = findSpecialIds(vocabulary);
        int unknownId = _unknownToken is null ? -1 : vocabulary.Find(_unknownToken);
        if (_unknownToken is not null && unknownId < 0)
            throw new TokenizerException($"The unknown token {_unknownToken} is not in the vocabulary.");
        Options = Options with { ByteLevel = byteLevel, UnknownId = unknownId };
        WordBoundaries boundaries = byteLevel ? WordBoundaries.None : WordBoundaries.For(vocabulary);
        return new BpeModel(vocabulary, ResolveMerges(vocabulary, boundaries, specialIds), boundaries, Options, specialIds);
    }

    private void ReadOption(string name, ref JsonStreamReader json)
    {
        switch (name)
        {
            case "unk_token":
                _unknownToken = json.TokenType == JsonTokenType.Null ? null : json.GetString();
                break;
            case "fuse_unk":
                Options = Options with { FuseUnknown = json.TokenType == JsonTokenType.True };
                break;
            case "byte_fallback":
                Options = Options with { ByteFallback = json.TokenType == JsonTokenType.True };
                break;
            case "ignore_merges":
                Options = Options with { IgnoreMerges = json.TokenType == JsonTokenType.True };
                break;
            case "dropout" when json.TokenType != JsonTokenType.Null && json.GetDouble() != 0:
                throw TokenizerException.Unsupported("dropout");
            case "continuing_subword_prefix" or "end_of_word_suffix" when json.TokenType != JsonTokenType.Null && json.GetString().Length > 0:
                throw TokenizerException.Unsupported($"{name} \"{json.GetString()}\"");
            default:
                json.Skip();
                break;
        }
    }

    private void ReadVocabulary(ref JsonStreamReader json)
    {
        json.Expect(JsonTokenType.StartObject, "The vocabulary");
        for (json.Read(); json.TokenType != JsonTokenType.EndObject; json.Read())
        {
            int length = json.CopyString(ref _text);
            json.Read();
            _vocabulary.Add(_text.AsSpan(0, length), json.GetInt32());
        }
    }

    private void ReadMerges(ref JsonStreamReader json)
    {
        json.Expect(JsonTokenType.StartArray, "The merge list");
        for (json.Read(); json.TokenType != JsonTokenType.EndArray; json.Read())
        {
            if (json.TokenType == JsonTokenType.StartArray)
                ReadMergePair(ref json);
            else
                ReadMergeLine(ref json);
        }
    }

    private void ReadMergePair(ref JsonStreamReader json)
    {
        for (int side = 0; side < 2; side++)
        {
            json.Read();
            json.Expect(JsonTokenType.String, "A merge");
            int length = json.CopyString(ref _text);
            _mergeSides.Append(_text.AsSpan(0, length));
        }
        json.Read();
        json.Expect(JsonTokenType.EndArray, "A merge");
    }

    private void ReadMergeLine(ref JsonStreamReader json)
    {
        json.Expect(JsonTokenType.String, "A merge");
        ReadOnlySpan<byte> line = _text.AsSpan(0, json.CopyString(ref _text));
        if (_mergeSides.Count == 0 && line.StartsWith("#version"u8))
            return;
        int blank = line.IndexOf((byte)' ');
        if (blank < 0 || line[(blank + 1)..].Contains((byte)' '))
            throw new TokenizerException($"The merge {_mergeSides.Count / 2} does not consist of two tokens.");
        _mergeSides.Append(line[..blank]);
        _mergeSides.Append(line[(blank + 1)..]);
    }

    private MergeTable ResolveMerges(Vocabulary vocabulary, WordBoundaries boundaries, IReadOnlySet<int> specialIds)
    {
        var table = new MergeTable(_mergeSides.Count / 2);
        byte[] joined = new byte[vocabulary.MaxLength * 2];
        for (int side = 0; side < _mergeSides.Count; side += 2)
        {
            ReadOnlySpan<byte> left = _mergeSides[side];
            ReadOnlySpan<byte> right = _mergeSides[side + 1];
            int rank = side / 2;
            int leftId = vocabulary.Find(left);
            int rightId = vocabulary.Find(right);
            if (leftId < 0 || rightId < 0)
                throw MissingToken(rank);
            left.CopyTo(joined);
            right.CopyTo(joined.AsSpan(left.Length));
            int result = vocabulary.Find(joined.AsSpan(0, left.Length + right.Length));
            if (result < 0)
                throw MissingToken(rank);
            table.Add(leftId, rightId, rank, result, specialIds.Contains(result));
            boundaries.Add(left, right, IsOpaque(left, leftId) || IsOpaque(right, rightId));
        }
        return table;
    }

    /// <summary>Returns whether a token can represent other text than its own: the unknown token, or the token of a byte, <c>&lt;0x0A&gt;</c>.</summary>
    private bool IsOpaque(ReadOnlySpan<byte> token, int id) =>
        id == Options.UnknownId || (Options.ByteFallback && token.Length == 6 && token.StartsWith("<0x"u8));

    private static TokenizerException MissingToken(int rank) =>
        new($"The merge {rank} uses a token that is not in the vocabulary.");
}
