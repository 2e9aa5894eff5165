using System.Text;
using RkLlama.Prompts.Tests.Support;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

/// <summary>Which tokenizer files can be read. Other files are refused, and the error names the unsupported part.</summary>
public sealed class TokenizerJsonReaderTests
{
    [Theory]
    [InlineData("NFKC")]
    [InlineData("Precompiled")]
    [InlineData("BertNormalizer")]
    public void An_unknown_normalizer_is_refused_and_named(string type)
    {
        Loading(new TestTokenizer { Normalizer = $$"""{"type":"Sequence","normalizers":[{"type":"{{type}}"}]}""" })
            .Should().Throw<TokenizerException>().WithMessage($"*normalizer {type}*");
    }

    [Theory]
    [InlineData("BertPreTokenizer")]
    [InlineData("UnicodeScripts")]
    public void An_unknown_pre_tokenizer_is_refused_and_named(string type)
    {
        Loading(new TestTokenizer { PreTokenizer = $$"""{"type":"{{type}}"}""" })
            .Should().Throw<TokenizerException>().WithMessage($"*pre-tokenizer {type}*");
    }

    [Theory]
    [InlineData("WordPiece")]
    [InlineData("CTC")]
    public void An_unknown_decoder_is_refused_and_named(string type)
    {
        Loading(new TestTokenizer { Decoder = $$"""{"type":"{{type}}"}""" })
            .Should().Throw<TokenizerException>().WithMessage($"*decoder {type}*");
    }

    [Theory]
    [InlineData("Unigram")]
    [InlineData("WordPiece")]
    public void An_unknown_model_is_refused_and_named(string type)
    {
        string json = new TestTokenizer().ToJson().Replace("\"BPE\"", $"\"{type}\"", StringComparison.Ordinal);

        Loading(json).Should().Throw<TokenizerException>().WithMessage($"*model {type}*");
    }

    [Theory]
    [InlineData("\"continuing_subword_prefix\":\"##\",", "*continuing_subword_prefix*")]
    [InlineData("\"end_of_word_suffix\":\"</w>\",", "*end_of_word_suffix*")]
    [InlineData("\"dropout\":0.1,", "*dropout*")]
    [InlineData("\"unk_token\":\"<none>\",", "*<none>*")]
    public void An_unsupported_option_that_changes_ids_is_refused(string option, string message)
    {
        Loading(new TestTokenizer { Model = option }).Should().Throw<TokenizerException>().WithMessage(message);
    }

    [Fact]
    public void Options_at_their_defaults_are_accepted()
    {
        var tokenizer = new TestTokenizer
        {
            Model = "\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":\"\",\"end_of_word_suffix\":null,\"fuse_unk\":false,",
        };

        tokenizer.Tokenize("hello").Should().Equal("hello");
    }

    [Theory]
    [InlineData("Removed", "Sideways", "*Sideways*")]
    [InlineData("\"String\":\" \"", "\"String\":\"\"", "*empty pattern*")]
    [InlineData("\"String\":\" \"", "\"Regex\":\"\\\\w\"", "*pattern \\w*")]
    public void A_split_with_an_unsupported_part_is_refused(string part, string unknown, string message)
    {
        const string Split = """{"type":"Split","pattern":{"String":" "},"behavior":"Removed","invert":false}""";

        Loading(new TestTokenizer { PreTokenizer = Split.Replace(part, unknown, StringComparison.Ordinal) })
            .Should().Throw<TokenizerException>().WithMessage(message);
    }

    [Fact]
    public void A_merge_of_unknown_tokens_is_refused()
    {
        Loading(new TestTokenizer { Merges = ["a b", "a zz"] }).Should().Throw<TokenizerException>().WithMessage("*merge 1*");
        Loading(new TestTokenizer { Merges = ["a b", "b a"] }).Should().Throw<TokenizerException>().WithMessage("*merge 1*");
        Loading(new TestTokenizer { Merges = ["a b c"] }).Should().Throw<TokenizerException>().WithMessage("*merge 0*");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0}}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{},"merges":[]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":"x"},"merges":[]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[1]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"\ud800":0},"merges":[]}}""")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}""")]
    [InlineData("""{"added_tokens":[{"id":0}],"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}""")]
    public void An_invalid_file_throws_a_TokenizerException(string json)
    {
        Loading(json).Should().Throw<TokenizerException>();
    }

    [Theory]
    [InlineData("normalizer", "normalizers")]
    [InlineData("pre_tokenizer", "pretokenizers")]
    [InlineData("decoder", "decoders")]
    [InlineData("post_processor", "processors")]
    public void A_file_that_nests_too_deeply_is_refused(string property, string list)
    {
        string Nested(int levels) => string.Concat(Enumerable.Repeat($$"""{"type":"Sequence","{{list}}":[""", levels)) + string.Concat(Enumerable.Repeat("]}", levels));
        string Json(int levels) => $"{{\"{property}\":{Nested(levels)}," + """  "model":{"type":"BPE","vocab":{"a":0},"merges":[]}}""";

        Loading(Json(31)).Should().NotThrow();
        Loading(Json(32)).Should().Throw<TokenizerException>();
    }

    [Fact]
    public void Merges_can_be_pairs_instead_of_lines()
    {
        string json = new TestTokenizer().ToJson().Replace("\"he ll\"", "[\"he\",\"ll\"]", StringComparison.Ordinal);

        int[] ids = Tokenizer.LoadJson(new MemoryStream(Encoding.UTF8.GetBytes(json))).Encode("hello");

        new TestTokenizer().Tokenize(ids).Should().Equal("hello");
    }

    [Fact]
    public void The_order_of_properties_does_not_matter()
    {
        const string Json = """{"model":{"merges":["a b"],"vocab":{"a":0,"b":1,"ab":2},"type":"BPE"},"pre_tokenizer":null}""";

        Tokenizer.LoadJson(new MemoryStream(Encoding.UTF8.GetBytes("\uFEFF" + Json))).Encode("ab").Should().Equal(2);
    }

    [Fact]
    public void A_large_file_is_read_in_small_portions()
    {
        string[] vocabulary = ["a", .. Enumerable.Range(0, 20_000).Select(i => $"token \\ \u0001 {i:x} é你")];
        var tokenizer = new TestTokenizer { Vocabulary = vocabulary, Merges = [], Model = $"\"other\":\"{new string('x', 300_000)}\"," };
        var trickle = new TrickleStream(Encoding.UTF8.GetBytes(tokenizer.ToJson()));

        Tokenizer loaded = Tokenizer.LoadJson(trickle);

        loaded.VocabularySize.Should().Be(vocabulary.Length);
        loaded.TokenId(vocabulary[12_345]).Should().Be(12_345);
    }

    private static Action Loading(TestTokenizer tokenizer) => Loading(tokenizer.ToJson());

    private static Action Loading(string json) => () => SmallStack.Run(() => Tokenizer.LoadJson(new MemoryStream(Encoding.UTF8.GetBytes(json))));

    /// <summary>A stream that returns fewer bytes than requested, as a slow disk may.</summary>
    private sealed class TrickleStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 4093));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 4093)]);
    }
}
