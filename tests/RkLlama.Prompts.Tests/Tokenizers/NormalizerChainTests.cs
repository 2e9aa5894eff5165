using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class NormalizerTests
{
    [Theory]
    [InlineData("plain ascii", "plain ascii")]
    [InlineData("e\u0301", "é")]
    [InlineData("e\u0323\u0302", "ệ")]
    [InlineData("e\u0302\u0323", "ệ")] // canonical order first
    [InlineData("\u1EC7\u0301", "\u1EC7\u0301")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b")]
    [InlineData("a\u0338\u0300", "\u00E0\u0338")] // a lower class does not block
    [InlineData("a\u0301\u0300", "\u00E1\u0300")] // an equal class does
    [InlineData("\u0344", "\u0308\u0301")] // never the result of a composition
    [InlineData("\u0340\u2126\u212B", "\u0300\u03A9\u00C5")] // singletons
    [InlineData("\u0958", "\u0915\u093C")] // composition exclusion
    [InlineData("\u2ADC", "\u2ADD\u0338")]
    [InlineData("\u0B47\u0B3E", "\u0B4B")] // two starters compose
    [InlineData("\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E")] // not across a mark
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\uD558\u11AB", "\uD55C")]
    [InlineData("\uD55C\u11AB", "\uD55C\u11AB")] // has its trailing consonant
    [InlineData("\u1161\u11AB", "\u1161\u11AB")]
    [InlineData("\U00011131\U00011127", "\U0001112E")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U0002F800", "\u4E3D")]
    [InlineData("\uF900", "\u8C48")]
    [InlineData("\u0301", "\u0301")]
    [InlineData("x\u0301", "x\u0301")]
    public void Nfc_composes_as_Unicode_says(string text, string expected)
    {
        Apply(new NfcNormalizer(), text).Should().Be(expected);
    }

    [Fact]
    public void Nfc_orders_a_long_run_of_marks_stably()
    {
        string marks = string.Concat(Enumerable.Repeat("\u0315\u0310\u0311\u0323", 100)); // classes 232, 230, 230, 220
        string expected = new string('\u0323', 100) + string.Concat(Enumerable.Repeat("\u0310\u0311", 100)) + new string('\u0315', 100);

        Apply(new NfcNormalizer(), "q" + marks).Should().Be("q" + expected);
    }

    [Fact]
    public void Nfc_of_normal_text_changes_nothing_and_says_so()
    {
        var source = new TextBuffer();
        source.Append("Ça, c’est déjà normal 你好 한국어", false);

        new NfcNormalizer().TryNormalize(source, new TextBuffer()).Should().BeFalse();
    }

    [Fact]
    public void A_composed_character_came_with_the_request_if_a_part_of_it_did()
    {
        var source = new TextBuffer();
        source.Clear(trackOrigin: true);
        source.Append("ae", false);
        source.Append("\u0301b", true);
        var target = new TextBuffer();
        target.Clear(trackOrigin: true);

        new NfcNormalizer().TryNormalize(source, target);

        target.Text.ToString().Should().Be("aéb");
        target.FromRequest.ToArray().Should().Equal(false, true, true);
    }

    [Theory]
    [InlineData(true, true, "\u0085 a b\u3000\n", "a b")]
    [InlineData(true, false, " a ", "a ")]
    [InlineData(false, true, " a ", " a")]
    [InlineData(true, true, " \n ", "")]
    public void Strip_takes_white_space_from_the_ends(bool left, bool right, string text, string expected)
    {
        Apply(new StripNormalizer(left, right), text).Should().Be(expected);
    }

    [Theory]
    [InlineData("ÀÉ ǅ ẞ Σ", "àé ǆ ß σ")]
    [InlineData("İI", "i\u0307i")]
    [InlineData("\U00010400", "\U00010428")]
    public void Lowercase_maps_each_code_point_on_its_own(string text, string expected)
    {
        Apply(new LowercaseNormalizer(), text).Should().Be(expected);
    }

    [Fact]
    public void Prepend_leaves_an_empty_text_empty()
    {
        Apply(new PrependNormalizer("▁"), "").Should().BeEmpty();
        Apply(new PrependNormalizer("▁"), "a").Should().Be("▁a");
    }

    [Theory]
    [InlineData("""{"type":"Replace","pattern":{"String":" "},"content":"▁"}""", "a b  c", "a|▁|b|▁▁|c")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}""", "a b  c", "a| |b|▁|c")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":" "},"content":"ab"},{"type":"Replace","pattern":{"String":"b"},"content":"c"}]}""", "a b", "a|a|c|c")]
    [InlineData("null", "a b", "a| |b")]
    [InlineData("""{"type":"Sequence","normalizers":[]}""", "a b", "a| |b")]
    public void Steps_are_read_and_run_in_order(string config, string text, string expected)
    {
        new TestTokenizer { Normalizer = config }.Spell(text).Should().Equal(expected.Split('|'));
    }

    private static string Apply(Normalizer normalizer, string text) => new NormalizerChain([normalizer]).Normalize(text);
}
