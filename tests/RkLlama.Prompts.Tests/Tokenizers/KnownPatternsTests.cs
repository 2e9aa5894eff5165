using RkLlama.Prompts.Tokenizers.Patterns;
using static RkLlama.Prompts.Tests.Tokenizers.PatternTexts;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class KnownPatternsTests
{
    [Theory]
    [InlineData(KnownPatterns.Gpt2)]
    [InlineData(KnownPatterns.Qwen)]
    [InlineData(KnownPatterns.Llama3)]
    public void Hand_written_matchers_match_like_their_expression(string expression)
    {
        TextPattern byHand = KnownPatterns.ForExpression(expression);
        TextPattern general = RegexPattern.Parse(expression);

        byHand.Should().NotBeOfType<RegexPattern>();
        foreach (string text in RandomTexts([.. Alphabet, "𝒜", "𝟘", "😀", "𠀀"]))
            Matches(byHand, text).Should().Equal(Matches(general, text), "of {0}", Escape(text));
    }
}
