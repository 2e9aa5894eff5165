using System.Diagnostics;
using System.Text.RegularExpressions;
using RkLlama.Output.Patterns;

namespace RkLlama.Output.Tests.Patterns;

public sealed class PatternTests
{
    // Parts of random patterns that mean the same here and in .NET, for texts of the letters below.
    private static readonly string[] Parts = ["a", "b", ".", "[ab]", "[^a]", "c", @"\w", @"\d", "^", "$", @"\b", "[a-c-[b]]", "(?i:B)", "1"];
    private static readonly string[] Repetitions = ["", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?", "{0}"];

    [Theory]
    [InlineData("^[a-z]+$", "abc", true)]
    [InlineData("^[a-z]+$", "abc1", false)]
    [InlineData("b", "abc", true)]
    [InlineData("^b", "abc", false)]
    [InlineData("^abc$", "abc\n", false)]
    [InlineData(@"^abc\Z", "abc\n", true)]
    [InlineData("(?m)^b$", "a\nb\nc", true)]
    [InlineData("^a.c$", "a\nc", false)]
    [InlineData("(?s)^a.c$", "a\nc", true)]
    [InlineData("(?i)^straße$", "STRAßE", true)]
    [InlineData("^(?i:a)b$", "Ab", true)]
    [InlineData("^(?i:a)b$", "AB", false)]
    [InlineData("^(?i)a(?-i)b$", "AB", false)]
    [InlineData("^((?i)a)b$", "AB", false)]
    [InlineData("^.$", "😀", true)]
    [InlineData("^[😀-😂]$", "😁", true)]
    [InlineData(@"^\u{1F600}$", "😀", true)]
    [InlineData(@"^\uD83D\uDE00$", "😀", true)]
    [InlineData(@"^\x41\t\cJ\0$", "A\t\n\0", true)]
    [InlineData(@"^\p{Lu}\p{Letter}\P{L}\p{General_Category=Nd}$", "Äß-٣", true)]
    [InlineData(@"^\p{Lu}$", "a", false)]
    [InlineData(@"^\w+$", "Müller_1", true)]
    [InlineData(@"^\W+$", "-+ ", true)]
    [InlineData(@"^\d{4}-\d{2}$", "2026-11", true)]
    [InlineData(@"^\S+\s\S+$", "a b", true)]
    [InlineData(@"^[\s\S]+$", "a\u00A0b", true)]
    [InlineData(@"\bcat\b", "a cat.", true)]
    [InlineData(@"\bcat\b", "concat", false)]
    [InlineData(@"\Bcat\b", "concat", true)]
    [InlineData("^[]a]+$", "]a", true)]
    [InlineData("^[^]a]+$", "]", false)]
    [InlineData(@"^[\w-.]+$", "a-.", true)]
    [InlineData("^[+-]$", "-", true)]
    [InlineData("^[a-z-[aeiou]]+$", "xyz", true)]
    [InlineData("^[a-z-[aeiou]]+$", "xaz", false)]
    [InlineData(@"^[\b]$", "\b", true)]
    [InlineData("^(?<year>[0-9]{4})(?P<m>[0-9]{2})('d'|x)$", "202611x", true)]
    [InlineData("^a{,3}$", "a{,3}", true)]
    [InlineData("^a{2,}$", "a", false)]
    [InlineData("^a(?#comment)b$", "ab", true)]
    [InlineData("^(a|)$", "", true)]
    [InlineData("^(a*)*$", "aaa", true)]
    [InlineData("^(a*)*$", "aab", false)]
    [InlineData("^(a?){3}$", "aaaa", false)]
    [InlineData("", "", true)]
    [InlineData("^x$|^$", "", true)]
    public void A_pattern_matches_a_text(string pattern, string text, bool matches) => Matches(pattern, text).Should().Be(matches);

    [Theory]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("a)b")]
    [InlineData("[a")]
    [InlineData("[z-a]")]
    [InlineData("*a")]
    [InlineData("a**")]
    [InlineData("a{2}{3}")]
    [InlineData("a{3,2}")]
    [InlineData("\\")]
    [InlineData(@"\y")]
    [InlineData(@"\p{Nothing}")]
    [InlineData(@"\p{Script=Latin}")]
    [InlineData(@"\pL")]
    [InlineData(@"\x4")]
    [InlineData(@"\u{110000}")]
    [InlineData(@"\uD83D\uDxxx")]
    [InlineData("(?<name")]
    [InlineData("(?i")]
    [InlineData("(?y)")]
    [InlineData("(?")]
    [InlineData("[a-[b")]
    public void A_text_that_is_no_pattern_is_refused(string pattern) =>
        FluentActions.Invoking(() => Pattern.Compile(pattern)).Should().Throw<PatternException>().WithMessage("is no regular expression");

    [Theory]
    [InlineData("(?=a)")]
    [InlineData("(?!a)")]
    [InlineData("(?<=a)")]
    [InlineData("(?<!a)")]
    [InlineData("(?>a)")]
    [InlineData("(?(a)b|c)")]
    [InlineData(@"(a)\1")]
    [InlineData(@"(?<n>a)\k<n>")]
    [InlineData("(?P<n>a)(?P=n)")]
    public void A_pattern_that_needs_backtracking_is_refused(string pattern) =>
        FluentActions.Invoking(() => Pattern.Compile(pattern)).Should().Throw<PatternException>().WithMessage("uses a lookaround*");

    [Fact]
    public void Random_patterns_match_the_same_texts_as_in_dotnet()
    {
        Random random = new(5);
        for (int i = 0; i < 2000; i++)
        {
            string pattern = RandomPattern(random, depth: 3);
            if (Expected(pattern) is not { } expected)
                continue;
            for (int j = 0; j < 10; j++)
            {
                string text = new([.. Enumerable.Range(0, random.Next(8)).Select(_ => "abcB1 -"[random.Next(7)])]);
                Matches(pattern, text).Should().Be(expected.IsMatch(text), "pattern {0}, text {1}", pattern, text);
            }
        }
    }

    [Theory]
    [InlineData("(((a{0,9}){0,9}){0,7})c")]
    [InlineData("(.{0,5}a){60}c")]
    [InlineData("(a?b?){300}c")]
    [InlineData("(a|b)*a(a|b){600}c")]
    [InlineData("(b?a{0,56}a|[ab]*([ab]?[ab]{0,54}(a?.a*a*|a*a?)+)){0,8}c")]
    public void A_match_is_stopped_after_few_steps(string pattern)
    {
        string text = string.Concat(Enumerable.Repeat("ab", 50_000));
        Pattern compiled = Pattern.Compile(pattern);
        int checks = 0;
        long longest = 0, last = Stopwatch.GetTimestamp();

        Action match = () => compiled.IsMatch(text, Check);

        match.Should().Throw<TimeoutException>();
        longest.Should().BeLessThan(Stopwatch.Frequency, "the steps between two checks take microseconds");

        void Check()
        {
            longest = Math.Max(longest, Stopwatch.GetTimestamp() - last);
            last = Stopwatch.GetTimestamp();
            if (++checks == 20)
                throw new TimeoutException();
        }
    }

    [Fact]
    public void A_pattern_that_was_stopped_can_be_matched_again()
    {
        Pattern pattern = Pattern.Compile("^(a?){1500}$");
        Action match = () => pattern.IsMatch(new('a', 4000), static () => throw new TimeoutException());

        match.Should().Throw<TimeoutException>();
        pattern.IsMatch("aaa", static () => { }).Should().BeTrue();
        pattern.IsMatch("b", static () => { }).Should().BeFalse();
    }

    private static bool Matches(string pattern, string text) => Pattern.Compile(pattern).IsMatch(text, static () => { });

    /// <summary>
    /// Returns the matcher of .NET without backtracking; null if the pattern is too large for it. The one with backtracking is no reference: it treats nested
    /// lazy loops that match no character in another way.
    /// </summary>
    private static Regex? Expected(string pattern)
    {
        try
        {
            return new(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private static string RandomPattern(Random random, int depth)
    {
        string pattern = "";
        for (int parts = random.Next(1, 5); parts > 0; parts--)
        {
            string part = depth > 0 && random.Next(3) == 0 ? $"({RandomPattern(random, depth - 1)}{(random.Next(2) == 0 ? "|" + RandomPattern(random, depth - 1) : "")})" : Parts[random.Next(Parts.Length)];
            pattern += part + (part is "^" or "$" or @"\b" ? "" : Repetitions[random.Next(Repetitions.Length)]);
        }

        return pattern;
    }
}
