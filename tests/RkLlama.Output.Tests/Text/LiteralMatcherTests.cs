using RkLlama.Output.Text;

namespace RkLlama.Output.Tests.Text;

public sealed class LiteralMatcherTests
{
    private readonly LiteralMatcher _matcher = new("<tool>", "</tool>");

    [Theory]
    [InlineData("<tool>")]
    [InlineData("</tool>")]
    public void A_complete_literal_is_the_match(string text)
    {
        bool[] fed = [.. text.Select(_matcher.Feed)];

        fed.Should().OnlyContain(isFed => isFed);
        _matcher.Match.Should().Be(text);
    }

    [Fact]
    public void A_character_that_continues_no_literal_changes_nothing()
    {
        foreach (char c in "</to")
            _matcher.Feed(c);

        _matcher.Feed('x').Should().BeFalse();
        (_matcher.Partial, _matcher.Length, _matcher.Match).Should().Be(("</to", 4, null));
    }

    [Fact]
    public void Reset_starts_again()
    {
        _matcher.Feed('<');

        _matcher.Reset();

        (_matcher.Partial, _matcher.Length).Should().Be(("", 0));
        _matcher.Feed('<').Should().BeTrue();
    }
}
