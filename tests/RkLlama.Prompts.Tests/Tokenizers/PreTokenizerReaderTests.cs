using System.Text;
using RkLlama.Prompts.Tokenizers.Loading;
using RkLlama.Prompts.Tokenizers.PreTokenizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class PreTokenizerReaderTests
{
    private const string Words = "\"pattern\":{\"Regex\":\"[a-z]+\"}";
    private const string Blank = "\"pattern\":{\"String\":\" \"}";

    [Theory]
    [InlineData("Removed", "how|are|you")]
    [InlineData("Isolated", "how| |are| | |you")]
    [InlineData("MergedWithPrevious", "how |are | |you")]
    [InlineData("MergedWithNext", "how| are| | you")]
    [InlineData("Contiguous", "how| |are|  |you")]
    public void Split_places_matches_by_its_behavior(string behavior, string expected)
    {
        Pieces($$"""{"type":"Split",{{Blank}},"behavior":"{{behavior}}","invert":false}""", "how are  you").Should().Equal(expected.Split('|'));
    }

    [Theory]
    [InlineData("Removed", "ab|cd")]
    [InlineData("MergedWithNext", "ab|. cd|.")]
    public void An_inverted_split_swaps_matches_and_the_text_between_them(string behavior, string expected)
    {
        Pieces($$"""{"type":"Split",{{Words}},"behavior":"{{behavior}}","invert":true}""", "ab. cd.").Should().Equal(expected.Split('|'));
    }

    [Theory]
    [InlineData("true", "a|1|2|½|b")]
    [InlineData("false", "a|12½|b")]
    public void Digits_include_all_Unicode_numbers(string individual, string expected)
    {
        Pieces($$"""{"type":"Digits","individual_digits":{{individual}}}""", "a12½b").Should().Equal(expected.Split('|'));
    }

    [Theory]
    [InlineData("{\"type\":\"Punctuation\"}", "a|.|.|b|、|c|$|d")]
    [InlineData("{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}", "a|..|b|、|c|$|d")]
    public void Punctuation_includes_ASCII_symbols_and_Unicode_punctuation(string config, string expected)
    {
        Pieces(config, "a..b、c$d").Should().Equal(expected.Split('|'));
    }

    [Fact]
    public void Whitespace_keeps_words_and_sequences_of_symbols()
    {
        Pieces("""{"type":"Whitespace"}""", " héy_1, 𝒜你!? \u2028x").Should().Equal("héy_1", ",", "𝒜你", "!?", "x");
    }

    [Fact]
    public void WhitespaceSplit_splits_at_white_space()
    {
        Pieces("""{"type":"WhitespaceSplit"}""", " hey,\u0085you\u3000x ").Should().Equal("hey,", "you", "x");
    }

    [Theory]
    [InlineData("always", "true", "a b", "▁a|▁b")]
    [InlineData("always", "true", " a  b", "▁a|▁|▁b")]
    [InlineData("always", "false", "a b", "▁a▁b")]
    [InlineData("never", "true", "a b ", "a|▁b|▁")]
    [InlineData("first", "true", "a b", "▁a|▁b")]
    public void Metaspace_replaces_spaces_by_marks_and_splits_before_them(string scheme, string split, string text, string expected)
    {
        Pieces($$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":{{split}}}""", text)
            .Should().Equal(expected.Split('|'));
    }

    [Theory]
    [InlineData("always", new[] { "▁", "a", "#100", "▁", "b" })]
    [InlineData("first", new[] { "▁", "a", "#100", "b" })]
    public void The_scheme_first_marks_the_beginning_of_the_prompt_only(string scheme, string[] expected)
    {
        var tokenizer = new TestTokenizer
        {
            Merges = [],
            PreTokenizer = $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}"}""",
            AddedTokens = TestTokenizer.AddedTokenList(["<a>"], "\"normalized\":false,"),
        };

        tokenizer.Tokenize("a<a>b").Should().Equal(expected);
    }

    [Theory]
    [InlineData("\"add_prefix_space\":true", "▁a")]
    [InlineData("\"add_prefix_space\":false", "a")]
    public void The_older_form_of_Metaspace_is_supported(string flag, string expected)
    {
        Pieces($$"""{"type":"Metaspace","replacement":"▁","str_rep":"▁",{{flag}}}""", "a").Should().Equal(expected);
    }

    [Theory]
    [InlineData("false", "true", "Hi you", "Hi| you")]
    [InlineData("true", "true", "Hi you", " Hi| you")]
    [InlineData("true", "false", "Hi you", " Hi you")]
    [InlineData("true", "true", " é\n", " é|\n")]
    public void ByteLevel_prepends_a_space_and_splits_by_its_options(string prefix, string regex, string text, string expected)
    {
        Pieces($$"""{"type":"ByteLevel","add_prefix_space":{{prefix}},"use_regex":{{regex}}}""", text).Should().Equal(expected.Split('|'));
    }

    [Fact]
    public void Each_step_of_a_sequence_splits_the_pieces_of_the_previous_step()
    {
        const string Sequence = """
            {"type":"Sequence","pretokenizers":[
              {"type":"WhitespaceSplit"},
              {"type":"Digits","individual_digits":true},
              {"type":"ByteLevel","add_prefix_space":true,"use_regex":false}]}
            """;

        Pieces(Sequence, "ab 12é").Should().Equal(" ab", " 1", " 2", " é");
    }

    [Fact]
    public void Steps_after_ByteLevel_see_its_characters()
    {
        const string Sequence = """
            {"type":"Sequence","pretokenizers":[
              {"type":"ByteLevel","add_prefix_space":false,"use_regex":false},
              {"type":"Split","pattern":{"Regex":"Ġ"},"behavior":"MergedWithPrevious","invert":false}]}
            """;

        Pieces(Sequence, "a é").Should().Equal("aĠ", "Ã©");
    }

    private static string[] Pieces(string config, string text)
    {
        var json = new JsonStreamReader(new MemoryStream(Encoding.UTF8.GetBytes(config)));
        json.Read();
        PreTokenizer[] steps = PreTokenizerReader.Read(ConfigNode.Read(ref json), out _);
        var buffer = new TextBuffer();
        buffer.Append(text, false);
        var state = new PreTokenization();
        state.Start(buffer, new TextRange(0, text.Length), startsPrompt: true);
        foreach (PreTokenizer step in steps)
            step.Apply(state);
        return [.. state.Pieces.Select(piece => state.TextOf(piece).ToString())];
    }
}
