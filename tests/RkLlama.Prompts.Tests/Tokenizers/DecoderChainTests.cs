using System.Text;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class DecoderChainTests
{
    private const string SentencePieceDecoder = """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
          {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}
        """;

    private static readonly TestTokenizer SentencePiece = new()
    {
        Vocabulary = ["<unk>", "▁", "a", "b", "▁a", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")],
        Merges = ["▁ a"],
        Model = "\"unk_token\":\"<unk>\",\"byte_fallback\":true,",
        Normalizer = """
            {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}
            """,
        Decoder = SentencePieceDecoder,
    };

    [Theory]
    [InlineData("hello  wörld 你好 😀\r\n\t\u0000'")]
    [InlineData("")]
    [InlineData(" ")]
    public void Byte_level_text_survives_a_round_trip(string text)
    {
        Tokenizer tokenizer = TestTokenizer.ByteLevel("h e", "l l", "he ll").Load();

        tokenizer.Decode(tokenizer.Encode(text), skipSpecial: false).Should().Be(text);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("  ab 你好😀\n")]
    public void SentencePiece_text_survives_a_round_trip(string text)
    {
        Tokenizer tokenizer = SentencePiece.Load();

        tokenizer.Decode(tokenizer.Encode(text), skipSpecial: false).Should().Be(text);
    }

    [Fact]
    public void Invalid_bytes_become_replacement_characters()
    {
        Tokenizer tokenizer = SentencePiece.Load();
        int[] ids = [tokenizer.TokenId("a")!.Value, tokenizer.TokenId("<0xE4>")!.Value, tokenizer.TokenId("<0xB8>")!.Value];

        tokenizer.Decode(ids, skipSpecial: false).Should().Be("a\uFFFD\uFFFD");
    }

    [Fact]
    public void With_skipSpecial_control_tokens_are_skipped()
    {
        Tokenizer tokenizer = (SentencePiece with
        {
            AddedTokens = """
                [{"id":500,"content":"<s>","special":true,"normalized":false},{"id":501,"content":"<think>","special":false,"normalized":false}]
                """,
        }).Load();
        int[] ids = tokenizer.Encode("<s><think>a");

        tokenizer.Decode(ids, skipSpecial: false).Should().Be("<s><think> a");
        tokenizer.Decode(ids, skipSpecial: true).Should().Be("<think> a");
    }

    [Fact]
    public void Unknown_ids_are_skipped()
    {
        Tokenizer tokenizer = SentencePiece.Load();

        tokenizer.Decode([-1, tokenizer.TokenId("a")!.Value, 9_999_999], skipSpecial: false).Should().Be("a");
        tokenizer.TokenBytes(9_999_999).Should().BeEmpty();
    }

    [Fact]
    public void The_bytes_of_all_tokens_are_the_bytes_of_the_text()
    {
        foreach (Tokenizer tokenizer in new[] { SentencePiece.Load(), TestTokenizer.ByteLevel("a b").Load() })
        {
            byte[] bytes = [.. tokenizer.Encode("a 😀b").SelectMany(tokenizer.TokenBytes)];

            Encoding.UTF8.GetString(bytes).TrimStart().Should().Be("a 😀b");
        }
    }

    [Theory]
    [InlineData("first", "a ▁b")]
    [InlineData("never", " a ▁b")]
    public void Metaspace_removes_the_mark_that_it_prepended(string scheme, string expected)
    {
        Tokenizer tokenizer = new TestTokenizer
        {
            Vocabulary = ["▁a", "▁", "b", "x"],
            Merges = [],
            Decoder = $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}"}""",
        }.Load();

        tokenizer.Decode([0, 1, 2], skipSpecial: false).Should().Be(expected.Replace("▁", "", StringComparison.Ordinal));
    }

    [Fact]
    public void Strip_removes_up_to_the_given_number_from_each_token()
    {
        Tokenizer tokenizer = new TestTokenizer
        {
            Vocabulary = ["  a  ", "  "],
            Merges = [],
            Decoder = """{"type":"Strip","content":" ","start":1,"stop":1}""",
        }.Load();

        tokenizer.Decode([0, 1], skipSpecial: false).Should().Be(" a ");
    }

    [Fact]
    public void Without_a_decoder_tokens_are_joined_with_spaces()
    {
        Tokenizer tokenizer = new TestTokenizer { Vocabulary = ["a", "b"], Merges = [], Decoder = "null" }.Load();

        tokenizer.Decode([0, 1], skipSpecial: false).Should().Be("a b");
    }
}
