using RkLlama.Prompts.Tokenizers.Normalizers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class NormalizerChainTests
{
    [Theory]
    [InlineData(true, true, "\u0085 a b\u3000\n", "a b")]
    [InlineData(true, false, " a ", "a ")]
    [InlineData(false, true, " a ", " a")]
    [InlineData(true, true, " \n ", "")]
    public void Strip_removes_white_space_at_the_ends(bool left, bool right, string text, string expected)
    {
        Apply(new StripNormalizer(left, right), text).Should().Be(expected);
    }

    [Theory]
    [InlineData("ÀÉ ǅ ẞ Σ", "àé ǆ ß σ")]
    [InlineData("İI", "i\u0307i")]
    [InlineData("\U00010400", "\U00010428")]
    public void Lowercase_converts_each_code_point_on_its_own(string text, string expected)
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
    public void Steps_run_in_order(string config, string text, string expected)
    {
        new TestTokenizer { Normalizer = config }.Tokenize(text).Should().Equal(expected.Split('|'));
    }

    private static string Apply(Normalizer normalizer, string text) => new NormalizerChain([normalizer]).Normalize(text, new TextBudget("test", text.Length));
}
