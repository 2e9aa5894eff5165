namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class BpeModelTests
{
    [Fact]
    public void Lower_ranks_merge_first()
    {
        var tokenizer = new TestTokenizer { Vocabulary = ["a", "b", "c", "ab", "bc"], Merges = ["b c", "a b"] };

        tokenizer.Tokenize("abc").Should().Equal("a", "bc");
    }

    [Fact]
    public void Of_equal_ranks_the_leftmost_merges_first()
    {
        var tokenizer = new TestTokenizer { Vocabulary = ["a", "aa"], Merges = ["a a"] };

        tokenizer.Tokenize("aaa").Should().Equal("aa", "a");
    }

    [Fact]
    public void With_byte_fallback_an_unknown_character_becomes_its_bytes()
    {
        var tokenizer = new TestTokenizer
        {
            Vocabulary = ["<unk>", "a", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")],
            Merges = [],
            Model = "\"unk_token\": \"<unk>\", \"byte_fallback\": true,",
        };

        tokenizer.Tokenize("a中\n").Should().Equal("a", "<0xE4>", "<0xB8>", "<0xAD>", "<0x0A>");
    }

    [Theory]
    [InlineData("false", new[] { "a", "<unk>", "<unk>", "b" })]
    [InlineData("true", new[] { "a", "<unk>", "b" })]
    public void With_fuse_unk_adjacent_unknown_characters_become_one_token(string fuse, string[] expected)
    {
        var tokenizer = new TestTokenizer { Model = $"\"unk_token\": \"<unk>\", \"fuse_unk\": {fuse}," };

        tokenizer.Tokenize("aЖЖb").Should().Equal(expected);
    }

    [Fact]
    public void Without_an_unknown_token_unknown_characters_are_dropped()
    {
        new TestTokenizer().Tokenize("aЖbc").Should().Equal("abc");
    }

    [Theory]
    [InlineData("false", new[] { "a", "bc" })]
    [InlineData("true", new[] { "abc" })]
    public void With_ignore_merges_a_piece_that_is_a_token_is_not_split(string ignore, string[] expected)
    {
        var tokenizer = new TestTokenizer
        {
            Vocabulary = ["a", "b", "c", "bc", "abc"],
            Merges = ["b c"],
            Model = $"\"ignore_merges\": {ignore},",
        };

        tokenizer.Tokenize("abc").Should().Equal(expected);
        tokenizer.Tokenize("abcabc").Should().Equal("a", "bc", "a", "bc");
    }

    [Fact]
    public void A_repeated_piece_keeps_its_ids()
    {
        var tokenizer = TestTokenizer.ByteLevel("h e", "l l", "he ll", "hell o").Load();

        int[] first = tokenizer.Encode("hello");

        tokenizer.Encode("hello").Should().Equal(first).And.HaveCount(1);
        tokenizer.Encode("hello.hello").Should().Equal(first[0], tokenizer.TokenId(".")!.Value, first[0]);
    }
}
