using System.Text;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class BpeTests
{
    [Fact]
    public void Lower_ranks_join_first()
    {
        var tokenizer = new TestTokenizer { Vocabulary = ["a", "b", "c", "ab", "bc"], Merges = ["b c", "a b"] };

        tokenizer.Spell("abc").Should().Equal("a", "bc");
    }

    [Fact]
    public void Of_equal_ranks_the_leftmost_joins_first()
    {
        var tokenizer = new TestTokenizer { Vocabulary = ["a", "aa"], Merges = ["a a"] };

        tokenizer.Spell("aaa").Should().Equal("aa", "a");
    }

    [Fact]
    public void Merges_may_be_pairs_instead_of_lines()
    {
        string json = new TestTokenizer().ToJson().Replace("\"he ll\"", "[\"he\",\"ll\"]", StringComparison.Ordinal);

        int[] ids = Tokenizer.LoadJson(new MemoryStream(Encoding.UTF8.GetBytes(json))).Encode("hello");

        new TestTokenizer().Spell(ids).Should().Equal("hello");
    }

    [Theory]
    [InlineData(7)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void Long_words_join_as_short_ones_do(int count)
    {
        var tokenizer = new TestTokenizer { Vocabulary = ["a", "b", "ab", "abab", "ba"], Merges = ["b a", "a b", "ab ab"] };
        string text = string.Concat(Enumerable.Repeat("ab", count));

        string[] expected = ["a", .. Enumerable.Repeat("ba", count - 1), "b"];

        tokenizer.Spell(text).Should().Equal(expected);
    }

    [Fact]
    public void A_character_without_a_token_becomes_its_bytes()
    {
        var tokenizer = new TestTokenizer
        {
            Vocabulary = ["<unk>", "a", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")],
            Merges = [],
            Model = "\"unk_token\": \"<unk>\", \"byte_fallback\": true,",
        };

        tokenizer.Spell("a中\n").Should().Equal("a", "<0xE4>", "<0xB8>", "<0xAD>", "<0x0A>");
    }

    [Theory]
    [InlineData("false", new[] { "a", "<unk>", "<unk>", "b" })]
    [InlineData("true", new[] { "a", "<unk>", "b" })]
    public void Unknown_characters_are_fused_where_asked(string fuse, string[] expected)
    {
        var tokenizer = new TestTokenizer { Model = $"\"unk_token\": \"<unk>\", \"fuse_unk\": {fuse}," };

        tokenizer.Spell("aЖЖb").Should().Equal(expected);
    }

    [Fact]
    public void Unknown_characters_vanish_without_an_unknown_token()
    {
        new TestTokenizer().Spell("aЖbc").Should().Equal("abc");
    }

    [Theory]
    [InlineData("false", new[] { "a", "bc" })]
    [InlineData("true", new[] { "abc" })]
    public void Ignore_merges_takes_a_piece_that_is_a_token_as_it_is(string ignore, string[] expected)
    {
        var tokenizer = new TestTokenizer
        {
            Vocabulary = ["a", "b", "c", "bc", "abc"],
            Merges = ["b c"],
            Model = $"\"ignore_merges\": {ignore},",
        };

        tokenizer.Spell("abc").Should().Equal(expected);
        tokenizer.Spell("abcabc").Should().Equal("a", "bc", "a", "bc");
    }

    [Fact]
    public void A_text_without_pre_tokenizer_is_one_word_even_where_it_is_cut()
    {
        // "b▁" joins, so the text must not be cut there; before the other marks it may be.
        var tokenizer = new TestTokenizer { Vocabulary = ["▁", "a", "b", "b▁", "▁a"], Merges = ["b ▁", "▁ a"] };

        tokenizer.Spell("▁a▁ab▁a▁b").Should().Equal("▁a", "▁a", "b▁", "a", "▁", "b");
    }

    [Fact]
    public void The_same_piece_keeps_its_ids_however_often_it_comes()
    {
        var tokenizer = TestTokenizer.ByteLevel("h e", "l l", "he ll", "hell o").Load();

        int[] first = tokenizer.Encode("hello");

        tokenizer.Encode("hello").Should().Equal(first).And.HaveCount(1);
        tokenizer.Encode("hello.hello").Should().Equal(first[0], tokenizer.TokenId(".")!.Value, first[0]);
    }
}
