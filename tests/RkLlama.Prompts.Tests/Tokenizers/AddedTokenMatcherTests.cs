using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class AddedTokenTests
{
    private const int First = 100;

    [Fact]
    public void The_longest_of_the_leftmost_matches_counts()
    {
        Encode(["<a>", "<a>b", "a>bc"], "x<a>bc").Should().Equal("x", "#101", "c");
    }

    [Fact]
    public void Left_strip_takes_the_white_space_before_the_token()
    {
        Encode(["<a>"], "x \u2003 <a> y", "\"lstrip\":true,").Should().Equal("x", "#100", " ", "y");
    }

    [Fact]
    public void Right_strip_takes_the_white_space_behind_the_token()
    {
        Encode(["<a>"], "x <a> \n\u0085y", "\"rstrip\":true,").Should().Equal("x", " ", "#100", "y");
    }

    [Fact]
    public void White_space_that_one_token_took_is_not_taken_twice()
    {
        Encode(["<a>"], "x <a>  <a> y", "\"lstrip\":true,\"rstrip\":true,").Should().Equal("x", "#100", "#100", "y");
    }

    [Theory]
    [InlineData("a<a>", new[] { "a", "#100" })]
    [InlineData("<a> b", new[] { "#100", " ", "b" })]
    [InlineData(".<a>,", new[] { ".", "#100", "," })]
    public void A_token_matches_anywhere(string text, string[] expected)
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
    public void A_single_word_matches_only_between_non_words(string text, int count)
    {
        Encode(["<a>"], text, "\"single_word\":true,").Count(token => token == "#100").Should().Be(count);
    }

    [Fact]
    public void A_normalized_token_matches_in_normalized_text()
    {
        var tokenizer = new TestTokenizer
        {
            Normalizer = """{"type":"Lowercase"}""",
            AddedTokens = Tokens(["Hello", "World"], "\"normalized\":true,"),
        };

        tokenizer.Spell("HELLO world").Should().Equal("#100", " ", "#101");
    }

    [Fact]
    public void A_token_that_is_not_normalized_matches_the_text_as_given()
    {
        var tokenizer = new TestTokenizer
        {
            Normalizer = """{"type":"Lowercase"}""",
            AddedTokens = Tokens(["AB"], "\"normalized\":false,"),
        };

        tokenizer.Spell("ABab").Should().Equal("#100", "ab");
    }

    [Fact]
    public void Every_run_between_tokens_is_normalized_on_its_own()
    {
        var tokenizer = new TestTokenizer
        {
            Normalizer = """{"type":"Prepend","prepend":"▁"}""",
            AddedTokens = Tokens(["<a>"], "\"normalized\":false,"),
        };

        tokenizer.Spell("c<a>c<a><a>").Should().Equal("▁", "c", "#100", "▁", "c", "#100", "#100");
    }

    [Fact]
    public void A_token_of_the_vocabulary_keeps_its_id_there()
    {
        var tokenizer = new TestTokenizer { AddedTokens = Tokens(["hello"], "\"special\":true,") };

        tokenizer.Spell("hello").Should().Equal("hello");
        tokenizer.Load().AddedTokens.Should().ContainSingle().Which.Special.Should().BeTrue();
    }

    [Fact]
    public void The_vocabulary_size_counts_added_tokens()
    {
        Tokenizer tokenizer = new TestTokenizer { AddedTokens = Tokens(["<a>"], "") }.Load();

        tokenizer.VocabularySize.Should().Be(First + 1);
        tokenizer.TokenId("<a>").Should().Be(First);
        tokenizer.TokenId("hello").Should().Be(TestTokenizer.Letters.ToList().IndexOf("hello"));
        tokenizer.TokenId("absent").Should().BeNull();
    }

    /// <summary>A JSON list of added tokens, all with the same flags.</summary>
    internal static string Tokens(string[] contents, string flags, int first = First) =>
        "[" + string.Join(',', contents.Select((content, i) => $"{{{flags}\"id\":{first + i},\"content\":\"{content}\"}}")) + "]";

    private static string[] Encode(string[] tokens, string text, string flags = "") =>
        new TestTokenizer { AddedTokens = Tokens(tokens, "\"normalized\":false," + flags) }.Spell(text);
}
