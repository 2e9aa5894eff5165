using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class NfcNormalizerTests
{
    [Theory]
    [InlineData("plain ascii", "plain ascii")]
    [InlineData("e\u0301", "é")]
    [InlineData("e\u0323\u0302", "ệ")]
    [InlineData("e\u0302\u0323", "ệ")] // canonical order first
    [InlineData("\u1EC7\u0301", "\u1EC7\u0301")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b")]
    [InlineData("a\u0338\u0300", "\u00E0\u0338")] // a mark of a lower class does not block
    [InlineData("a\u0301\u0300", "\u00E1\u0300")] // a mark of the same class blocks
    [InlineData("\u0344", "\u0308\u0301")] // never the result of a composition
    [InlineData("\u0340\u2126\u212B", "\u0300\u03A9\u00C5")] // singletons
    [InlineData("\u0958", "\u0915\u093C")] // composition exclusion
    [InlineData("\u2ADC", "\u2ADD\u0338")]
    [InlineData("\u0B47\u0B3E", "\u0B4B")] // two starters compose
    [InlineData("\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E")] // a starter does not compose across a mark
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\uD558\u11AB", "\uD55C")]
    [InlineData("\uD55C\u11AB", "\uD55C\u11AB")] // the syllable already has a trailing consonant
    [InlineData("\u1161\u11AB", "\u1161\u11AB")]
    [InlineData("\U00011131\U00011127", "\U0001112E")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U0002F800", "\u4E3D")]
    [InlineData("\uF900", "\u8C48")]
    [InlineData("\u0301", "\u0301")]
    [InlineData("x\u0301", "x\u0301")]
    public void Nfc_follows_the_Unicode_standard(string text, string expected)
    {
        Apply(new NfcNormalizer(), text).Should().Be(expected);
    }

    [Fact]
    public void Nfc_orders_a_long_sequence_of_marks_stably()
    {
        string marks = string.Concat(Enumerable.Repeat("\u0315\u0310\u0311\u0323", 100)); // classes 232, 230, 230, 220
        string expected = new string('\u0323', 100) + string.Concat(Enumerable.Repeat("\u0310\u0311", 100)) + new string('\u0315', 100);

        Apply(new NfcNormalizer(), "q" + marks).Should().Be("q" + expected);
    }

    [Fact]
    public void TryNormalize_returns_false_for_normalized_text()
    {
        var source = new TextBuffer();
        source.Append("Ça, c’est déjà normal 你好 한국어", false);

        new NfcNormalizer().TryNormalize(source, new TextBuffer()).Should().BeFalse();
    }

    [Fact]
    public void A_composed_character_is_request_text_if_a_part_of_it_is()
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

    private static string Apply(Normalizer normalizer, string text) => new NormalizerChain([normalizer]).Normalize(text, new TextBudget("test", text.Length));
}
