using RkLlama.Engine.Workers.Server;

namespace RkLlama.Engine.Tests.Workers;

public sealed class LogLinesTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("one", "one")]
    [InlineData("one\n", "one")]
    [InlineData("one\ntwo\n", "one|two")]
    [InlineData("one\r\n\r\ntwo", "one||two")]
    [InlineData("\n\n", "|")]
    public void A_log_is_split_into_lines(string log, string lines) => string.Join('|', Read(new StringReader(log))).Should().Be(lines);

    [Fact]
    public void Lines_of_any_length_are_read()
    {
        string[] lines = [.. Enumerable.Range(0, 500).Select(i => new string((char)('a' + (i % 26)), i * 7 % 3000))];

        Read(new StringReader(string.Join('\n', lines) + "\n")).Should().Equal(lines);
    }

    [Fact]
    public void A_line_without_an_end_is_split_at_the_maximum_length()
    {
        using StringReader endless = new(new string('x', LogLines.MaxLineLength * 3));
        LogLines lines = new(endless);

        lines.Next().Should().HaveLength(LogLines.MaxLineLength);
        lines.Next().Should().HaveLength(LogLines.MaxLineLength);
        lines.Next().Should().HaveLength(LogLines.MaxLineLength);
        lines.Next().Should().BeNull();
    }

    private static IEnumerable<string> Read(TextReader reader)
    {
        LogLines lines = new(reader);
        while (lines.Next() is { } line)
            yield return line;
    }
}
