using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Tests.Diagnostics;

public sealed class ExcerptTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    public void A_short_text_is_unchanged(int length) => Excerpt.Of(new string('x', length)).Should().Be(new string('x', length));

    [Fact]
    public void A_missing_text_is_empty() => Excerpt.Of(null).Should().BeEmpty();

    [Theory]
    [InlineData(201)]
    [InlineData(7 << 20)]
    public void A_long_text_is_cut(int length) => Excerpt.Of(new string('x', length)).Should().Be(new string('x', 200) + "…");

    [Fact]
    public void Bidirectional_controls_are_escaped() => Excerpt.Of("a\u202Egpj.\u2066é").Should().Be("a\\u202Egpj.\\u2066é");

    [Fact]
    public void A_surrogate_pair_stays_whole() => Excerpt.Of(new string('x', 199) + "😀y").Should().Be(new string('x', 199) + "…");
}
