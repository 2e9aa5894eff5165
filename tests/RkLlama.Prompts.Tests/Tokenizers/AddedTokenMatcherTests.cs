using RkLlama.Prompts.Tokenizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class AddedTokenMatcherTests
{
    [Fact]
    public void The_longest_match_at_the_leftmost_position_counts()
    {
        Encode(["<a>", "<a>b", "a>bc"], "x<a>bc").Should().Equal("x", "#101", "c");
    }

    [Fact]
    public void With_lstrip_a_match_includes_the_white_space_before_it()
    {
        Encode(["<a>"], "x \u2003 <a> y", "\"lstrip\":true,").Should().Equal("x", "#100", " ", "y");
    }

    [Fact]
    public void With_rstrip_a_match_includes_the_white_space_after_it()
    {
        Encode(["<a>"], "x <a> \n\u0085y", "\"rstrip\":true,").Should().Equal("x", " ", "#100", "y");
    }

    [Fact]
    public void White_space_between_two_tokens_is_included_once()
    {
        Encode(["<a>"], "x <a>  <a> y", "\"lstrip\":true,\"rstrip\":true,").Should().Equal("x", "#100", "#100", "y");
    }

    [Theory]
    [InlineData("a<a>", new[] { "a", "#100" })]
    [InlineData("<a> b", new[] { "#100", " ", "b" })]
    [InlineData(".<a>,", new[] { ".", "#100", "," })]
    public void A_token_matches_next_to_any_character(string text, string[] expected)
    {
        Encode(["<a>"], text).Should().Equal(expected);
    }

    [Theory]
    [InlineData("x<a>", 0)]
    [InlineData("<a>x", 0)]
    [InlineData("é<a>", 0)]
    [InlineData("\u0330<a>", 0)] // a combining mark is a word character
    [InlineData("𝒜<a>", 0)]
    [InlineData("x <a> .<a>,", 2)]
    public void A_single_word_token_matches_only_between_non_word_characters(string text, int count)
    {
        Encode(["<a>"], text, "\"single_word\":true,").Count(token => token == "#100").Should().Be(count);
    }

    [Fact]
    public void A_normalized_token_matches_the_normalized_text()
    {
        var tokenizer = new TestTokenizer
        {
            Normalizer = """{"type":"Lowercase"}""",
            AddedTokens = TestTokenizer.AddedTokenList(["Hello", "World"], "\"normalized\":true,"),
        };

        tokenizer.Tokenize("HELLO world").Should().Equal("#100", " ", "#101");
    }

    [Fact]
    public void A_token_that_is_not_normalized_matches_the_original_text()
    {
        var tokenizer = new TestTokenizer
        {
            Normalizer = """{"type":"Lowercase"}""",
            AddedTokens = TestTokenizer.AddedTokenList(["AB"], "\"normalized\":false,"),
        };

        tokenizer.Tokenize("ABab").Should().Equal("#100", "ab");
    }

    [Fact]
    public void Each_text_between_tokens_is_normalized_separately()
    {
        var tokenizer = new TestTokenizer
        {
            Normalizer = """{"type":"Prepend","prepend":"▁"}""",
            AddedTokens = TestTokenizer.AddedTokenList(["<a>"], "\"normalized\":false,"),
        };

        tokenizer.Tokenize("c<a>c<a><a>").Should().Equal("▁", "c", "#100", "▁", "c", "#100", "#100");
    }

    [Fact]
    public void The_processor_time_is_checked_during_the_search()
    {
        AddedTokenMatcher matcher = new([(new string('a', 1000) + "b", new AddedToken(1, "a"))]);
        TextBuffer text = new();
        text.Load(PromptText.Trusted(new string('a', 100_000)), trackOrigin: false);
        int checks = 0;
        CpuBudget cpu = new(TimeSpan.FromSeconds(10), () => TimeSpan.FromSeconds(checks++), CancellationToken.None);

        Action split = () => matcher.Split(text, [], cpu);

        split.Should().Throw<TokenizerException>();
    }

    private static string[] Encode(string[] tokens, string text, string flags = "") =>
        new TestTokenizer { AddedTokens = TestTokenizer.AddedTokenList(tokens, "\"normalized\":false," + flags) }.Tokenize(text);
}
