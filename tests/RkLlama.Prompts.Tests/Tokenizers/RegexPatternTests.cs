using System.Text;
using System.Text.RegularExpressions;
using RkLlama.Prompts.Tests.Support;
using RkLlama.Prompts.Tokenizers;
using RkLlama.Prompts.Tokenizers.Patterns;

namespace RkLlama.Prompts.Tests.Tokenizers;

public sealed class PatternTests
{
    private const string O200k =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly string[] Alphabet =
    [
        "a", "B", "é", "ſ", "K", "'", "s", "S", "l", "L", "re", "1", "23", "½", " ", "  ", "\t", "\n", "\r\n", "\u00A0", "\u0085", "\u2028",
        ".", "!", "/", "_", "中", "ก้", "\u0301", "ǅ", "$", "\u200B", "\u001C",
    ];

    [Theory]
    [InlineData(KnownPatterns.Gpt2)]
    [InlineData(KnownPatterns.Qwen)]
    [InlineData(KnownPatterns.Llama3)]
    public void Hand_written_matchers_agree_with_their_expression(string expression)
    {
        TextPattern byHand = KnownPatterns.ForExpression(expression);
        TextPattern general = RegexPattern.Parse(expression);

        byHand.Should().NotBeOfType<RegexPattern>();
        foreach (string text in RandomTexts([.. Alphabet, "𝒜", "𝟘", "😀", "𠀀"]))
            Matches(byHand, text).Should().Equal(Matches(general, text), "of {0}", Escape(text));
    }

    // Where the dialects agree and no code point needs two UTF-16 units, .NET's own expressions are the judge.
    [Theory]
    [InlineData(KnownPatterns.Gpt2)]
    [InlineData(O200k)]
    [InlineData(@"\s+(?!\S)|(?>\p{L}+)\d|[^a-z\s]{2,3}?|(?:ab|a)*[\x62-\x7a]|.")]
    [InlineData(@"(?:[a-l]+|\p{Lu}){2,3}|\P{L}??s|(?=1)\p{N}+|(?i:[r-t]+)e?")]
    [InlineData(@"\A\S|'\z|[!-/:-~]+|(\n|\r\n)+")]
    public void Expressions_agree_with_NETs_own_on_the_basic_plane(string expression)
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
    public void Expressions_are_read_in_the_reference_dialect(string expression, string text, string expected)
    {
        Matches(RegexPattern.Parse(expression), text).Should().Equal(expected.Split('|'));
    }

    [Fact]
    public void Empty_matches_do_not_stand_right_behind_a_match()
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
    public void What_is_not_understood_exactly_is_refused(string expression)
    {
        Action parse = () => RegexPattern.Parse(expression);

        parse.Should().Throw<TokenizerException>().WithMessage("*pattern*");
    }

    [Fact]
    public void Nesting_without_end_is_refused()
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
    public void Counts_that_multiply_without_end_are_refused(string expression)
    {
        Action parse = () => RegexPattern.Parse(expression);

        parse.Should().Throw<TokenizerException>().WithMessage("*a pattern*");
    }

    [Fact]
    public void An_expression_that_explodes_is_given_up()
    {
        Action match = () => Matches(RegexPattern.Parse("(?:a|aa|a{2,3})+b"), new string('a', 2000));

        match.Should().Throw<TokenizerException>().WithMessage("*too much work*");
    }

    private static string[] Matches(TextPattern pattern, string text)
    {
        var matches = new List<TextMatch>();
        pattern.FindAll(text, matches);
        string.Concat(matches.Select(match => text[match.Start..match.End])).Should().Be(text);
        return [.. matches.Where(match => match.IsMatch).Select(match => text[match.Start..match.End])];
    }

    private static IEnumerable<string> RandomTexts(string[] atoms)
    {
        var random = new Random(20251123);
        for (int i = 0; i < 3000; i++)
            yield return string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => atoms[random.Next(atoms.Length)]));
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (char unit in text)
            escaped.Append(unit is > ' ' and < '\u007F' ? unit.ToString() : $"\\u{(int)unit:X4}");
        return escaped.ToString();
    }
}
