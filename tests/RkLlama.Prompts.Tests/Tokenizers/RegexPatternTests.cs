using System.Text.RegularExpressions;
using RkLlama.Prompts.Tests.Support;
using RkLlama.Prompts.Tokenizers;
using RkLlama.Prompts.Tokenizers.Patterns;
using static RkLlama.Prompts.Tests.Tokenizers.PatternTexts;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class RegexPatternTests
{
    private const string O200k =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // The expected matches come from .NET's regular expressions. The patterns mean the same in both dialects, and each code point is one UTF-16 unit.
    [Theory]
    [InlineData(KnownPatterns.Gpt2)]
    [InlineData(O200k)]
    [InlineData(@"\s+(?!\S)|(?>\p{L}+)\d|[^a-z\s]{2,3}?|(?:ab|a)*[\x62-\x7a]|.")]
    [InlineData(@"(?:[a-l]+|\p{Lu}){2,3}|\P{L}??s|(?=1)\p{N}+|(?i:[r-t]+)e?")]
    [InlineData(@"\A\S|'\z|[!-/:-~]+|(\n|\r\n)+")]
    public void Expressions_match_like_DotNet_in_the_basic_plane(string expression)
    {
        var judge = new Regex(expression);
        TextPattern general = RegexPattern.Parse(expression);

        foreach (string text in RandomTexts([.. Alphabet.Where(atom => atom is not ("ſ" or "K"))]))
        {
            IEnumerable<string> expected = judge.Matches(text).Where(match => match.Length > 0).Select(match => match.Value);
            Matches(general, text).Where(match => match.Length > 0).Should().Equal(expected, "of {0}", Escape(text));
        }
    }

    [Theory]
    [InlineData(@"\p{L}+", "𝒜b𠀀 😀", "𝒜b𠀀")]
    [InlineData(@"[^\s]", "😀a", "😀|a")]
    [InlineData("[😀-😂]+", "😁😂😃", "😁😂")]
    [InlineData(@"(?i:'s)", "'S'ſ's", "'S|'ſ|'s")]
    [InlineData("(?i)k", "kK\u212A", "k|K|\u212A")]
    [InlineData(@"\s+$", "a  \nb ", "  |\u0020")]
    [InlineData("^.", "ab\ncd", "a|c")]
    [InlineData(@"\p{N}{1,3}+", "12345", "12345")]
    [InlineData("a{,2}b", "aaab", "aab")]
    [InlineData("[a-z&&[^aeiou]]+", "hello", "h|ll")]
    [InlineData("[^a[bc]]", "abcd", "d")]
    [InlineData(@"[\p{L}\p{M}]+", "กำ้x", "กำ้x")]
    [InlineData(@"[一-龥぀-ゟ゠-ヿ]+", "x日本ごア", "日本ごア")]
    [InlineData(@"a++a|b", "aaab", "b")]
    [InlineData(@"\p{^L}\P{N}", "1a", "1a")]
    public void Expressions_follow_the_reference_dialect(string expression, string text, string expected)
    {
        Matches(RegexPattern.Parse(expression), text).Should().Equal(expected.Split('|'));
    }

    [Fact]
    public void An_empty_match_directly_after_a_match_does_not_count()
    {
        Matches(RegexPattern.Parse("a*"), "baac").Should().Equal("", "aa", "");
    }

    [Theory]
    [InlineData(@"\w+")]
    [InlineData(@"\bx")]
    [InlineData(@"\h")]
    [InlineData(@"(a)\1")]
    [InlineData("(?<=a)b")]
    [InlineData("(?<name>a)")]
    [InlineData("(?x)a")]
    [InlineData(@"\p{Han}")]
    [InlineData(@"\p{Script=Greek}")]
    [InlineData("[[:alpha:]]")]
    [InlineData("(?i:é)")]
    [InlineData(@"(?i:\p{Lu})")]
    [InlineData("a**")]
    [InlineData("a{3}?")]
    [InlineData("(a*)*")]
    [InlineData("(a")]
    [InlineData("a)")]
    [InlineData("[a")]
    [InlineData("[]a]")]
    [InlineData("+a")]
    [InlineData("a{2000}")]
    [InlineData(@"\xE9")]
    [InlineData(@"a\")]
    public void Unsupported_expressions_are_refused(string expression)
    {
        Action parse = () => RegexPattern.Parse(expression);

        parse.Should().Throw<TokenizerException>().WithMessage("*pattern*");
    }

    [Fact]
    public void Extreme_nesting_is_refused()
    {
        Action parse = () => RegexPattern.Parse(new string('(', 100_000) + new string(')', 100_000));

        parse.Should().Throw<TokenizerException>();
    }

    [Theory]
    [InlineData("(", ")", PatternLimits.MaxDepth - 1)]
    [InlineData("(?=a", ")", PatternLimits.MaxDepth - 1)]
    [InlineData("(?>b|", ")", PatternLimits.MaxDepth - 1)]
    [InlineData("[", "]", PatternLimits.MaxDepth + 1)]
    public void Groups_and_classes_nest_up_to_the_limit(string open, string close, int levels)
    {
        void Match(int count) => SmallStack.Run(() =>
            Matches(RegexPattern.Parse(string.Concat(Enumerable.Repeat(open, count)) + "a" + string.Concat(Enumerable.Repeat(close, count))), "ba"));

        Action atLimit = () => Match(levels);
        Action beyond = () => Match(levels + 1);

        atLimit.Should().NotThrow();
        beyond.Should().Throw<TokenizerException>().WithMessage("*nested too deep*");
    }

    [Theory]
    [InlineData("((((){1000}){1000}){1000}){1000}")]
    [InlineData("((a{1,1000}b){1000}){1000}")]
    public void Nested_counts_that_multiply_too_far_are_refused(string expression)
    {
        Action parse = () => RegexPattern.Parse(expression);

        parse.Should().Throw<TokenizerException>().WithMessage("*a pattern*");
    }

    [Fact]
    public void Exponential_backtracking_is_stopped()
    {
        Action match = () => Matches(RegexPattern.Parse("(?:a|aa|a{2,3})+b"), new string('a', 2000));

        match.Should().Throw<TokenizerException>().WithMessage("*too much work*");
    }
}
