using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Tests.Terminal;

public sealed class WordsTests
{
    [Theory]
    [InlineData("deepseek-r1:1.5b", "deepseek-r1:1.5b")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's", "'it'\\''s'")]
    public void A_name_in_a_command_is_one_word(string name, string expected) => Words.Quote(name).Should().Be(expected);

    [Theory]
    [InlineData("short", 10, "short")]
    [InlineData("", 10, "")]
    [InlineData("a sentence with words", 10, "a sentence|with words")]
    [InlineData("averylongword then", 5, "avery|longw|ord|then")]
    [InlineData("x", 0, "x")]
    public void A_long_text_breaks_between_words(string text, int width, string expected) =>
        string.Join('|', Words.Wrap(text, width)).Should().Be(expected);

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1 KB")]
    [InlineData(1024, "1.0 KB")]
    [InlineData(397_821_319, "397 MB")]
    [InlineData(6_648_000_000, "6.6 GB")]
    [InlineData(2_000_000_000, "2 GB")]
    [InlineData(33_600_000_000, "33 GB")]
    public void Sizes_are_decimal_and_not_rounded_up(long bytes, string expected) => Words.Size(bytes).Should().Be(expected);

    [Theory]
    [InlineData(0.4, "Less than a second")]
    [InlineData(1, "1 second")]
    [InlineData(59, "59 seconds")]
    [InlineData(60, "About a minute")]
    [InlineData(180, "3 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(5400 + 60, "2 hours")]
    [InlineData(47 * 3600, "47 hours")]
    [InlineData(48 * 3600, "2 days")]
    [InlineData(14 * 86400, "2 weeks")]
    [InlineData(60 * 86400, "2 months")]
    [InlineData(731 * 86400, "2 years")]
    public void Times_have_one_unit(double seconds, string expected) => Words.Approximate(TimeSpan.FromSeconds(seconds)).Should().Be(expected);

    [Fact]
    public void A_time_is_before_or_after_now()
    {
        DateTimeOffset now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

        Words.Relative(now.AddDays(-1), now).Should().Be("24 hours ago");
        Words.Relative(now.AddMinutes(4.5), now).Should().Be("4 minutes from now");
    }

    [Theory]
    [InlineData(999, "999ns")]
    [InlineData(12_500, "12.5µs")]
    [InlineData(467_771_400, "467.7714ms")]
    [InlineData(1_500_000_000, "1.5s")]
    [InlineData(62_000_000_000, "1m2s")]
    [InlineData(3_600_000_000_000, "1h0m0s")]
    public void Durations_are_those_of_Go(long nanoseconds, string expected) => Words.Duration(nanoseconds).Should().Be(expected);

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("日本", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("한글", 4)]
    [InlineData("👍", 2)]
    [InlineData("ﬁ→█", 3)]
    public void The_width_counts_columns(string text, int expected) => DisplayWidth.Of(text).Should().Be(expected);

    [Fact]
    public void A_table_is_that_of_ollama()
    {
        string table = Table.Format(["NAME", "ID", "SIZE", "MODIFIED"], [["model1", "sha256:abc12", "1.0 KB", "24 hours ago"]]);

        table.Should().Be("NAME      ID              SIZE      MODIFIED     \nmodel1    sha256:abc12    1.0 KB    24 hours ago    \n");
    }
}
