using System.Text.Json;
using RkLlama.Prompts.Tokenizers.Decoders;
using RkLlama.Prompts.Tokenizers.Models;
using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.PreTokenizers;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>Reads a tokenizer.json in one pass.</summary>
internal sealed class TokenizerJsonReader
{
    private readonly BpeModelReader _model = new();
    private readonly List<AddedToken> _addedTokens = [];
    private ConfigNode? _normalizer;
    private ConfigNode? _preTokenizer;
    private ConfigNode? _decoder;
    private bool _hasModel;

    private TokenizerJsonReader()
    {
    }

    public static TokenizerComponents Load(Stream stream)
    {
        try
        {
            var file = new TokenizerJsonReader();
            file.Read(stream);
            return file.Build();
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or FormatException)
        {
            throw new TokenizerException($"The tokenizer file is broken: {ex.Message}", ex);
        }
    }

    private void Read(Stream stream)
    {
        var json = new JsonStreamReader(stream);
        json.Read();
        json.Expect(JsonTokenType.StartObject, "The tokenizer");
        for (json.Read(); json.TokenType != JsonTokenType.EndObject; json.Read())
        {
            string name = json.GetString();
            json.Read();
            switch (name)
            {
                case "model":
                    _model.Read(ref json);
                    _hasModel = true;
                    break;
                case "added_tokens":
                    ReadAddedTokens(ref json);
                    break;
                case "normalizer":
                    _normalizer = ConfigNode.Read(ref json);
                    break;
                case "pre_tokenizer":
                    _preTokenizer = ConfigNode.Read(ref json);
                    break;
                case "decoder":
                    _decoder = ConfigNode.Read(ref json);
                    break;
                default:
                    // version, truncation, padding and post_processor are not needed: prompts are encoded completely, and no special tokens are added to
                    // them.
                    json.Skip();
                    break;
            }
        }
    }

    private void ReadAddedTokens(ref JsonStreamReader json)
    {
        if (json.TokenType == JsonTokenType.Null)
            return;
        json.Expect(JsonTokenType.StartArray, "The list of added tokens");
        for (json.Read(); json.TokenType != JsonTokenType.EndArray; json.Read())
        {
            ConfigNode token = ConfigNode.Read(ref json);
            _addedTokens.Add(new AddedToken(token.GetInt32("id"), token.GetString("content"))
            {
                SingleWord = token.GetBool("single_word", false),
                LeftStrip = token.GetBool("lstrip", false),
                RightStrip = token.GetBool("rstrip", false),
                Special = token.GetBool("special", false),
                Normalized = token.GetBool("normalized", !token.GetBool("special", false)),
            });
        }
    }

    private TokenizerComponents Build()
    {
        if (!_hasModel)
            throw new TokenizerException("The file has no model: it is not a tokenizer.json.");
        var normalizers = new List<Normalizer>();
        ComponentReader.AddNormalizers(Present(_normalizer), normalizers);
        PreTokenizer[] preTokenizers = PreTokenizerReader.Read(Present(_preTokenizer), out bool byteLevel);
        BpeModel model = _model.Build(byteLevel, ResolveAddedTokens);
        return new TokenizerComponents
        {
            Normalizers = new NormalizerChain(normalizers),
            PreTokenizers = preTokenizers,
            Model = model,
            Decoders = new DecoderChain(ReadDecoders()),
            AddedTokens = _addedTokens,
        };
    }

    private List<TokenDecoder>? ReadDecoders()
    {
        if (Present(_decoder) is not { } config)
            return null;
        var decoders = new List<TokenDecoder>();
        ComponentReader.AddDecoders(config, decoders);
        return decoders;
    }

    /// <summary>
    /// Removes added tokens without text. If an added token is also in the vocabulary, sets its id to the id in the vocabulary. Returns the ids of the control
    /// tokens.
    /// </summary>
    private HashSet<int> ResolveAddedTokens(Vocabulary vocabulary)
    {
        _addedTokens.RemoveAll(token => token.Content.Length == 0);
        for (int i = 0; i < _addedTokens.Count; i++)
        {
            int id = vocabulary.Find(_addedTokens[i].Content);
            if (id >= 0)
                _addedTokens[i] = _addedTokens[i] with { Id = id };
            else if (_addedTokens[i].Id is < 0 or > Vocabulary.MaxId)
                throw new TokenizerException($"The added token {_addedTokens[i].Content} has the unsupported id {_addedTokens[i].Id}.");
        }
        return [.. _addedTokens.Where(token => token.Special).Select(token => token.Id)];
    }

    private static ConfigNode? Present(ConfigNode? node) => node is { IsNull: false } ? node : null;
}
