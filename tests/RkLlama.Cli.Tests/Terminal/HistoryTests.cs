using System.Runtime.Versioning;
using RkLlama.Cli.Terminal.Editing;
using RkLlama.Engine.Tests.Support;

namespace RkLlama.Cli.Tests.Terminal;

[SupportedOSPlatform("linux")]
public sealed class HistoryTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string File => Path.Combine(_directory.Path, "state", "rkllama", "history");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Lines_are_kept_for_the_next_conversation_and_only_the_user_can_read_them()
    {
        History first = new(File);
        first.Add("one");
        first.Add("two\nlines with \\n");
        first.Add("two\nlines with \\n");
        first.Add("  ");

        new History(File).Lines.Should().Equal("one", "two\nlines with \\n");
        System.IO.File.GetUnixFileMode(File).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void A_thousand_lines_are_kept()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllLines(File, Enumerable.Range(1, 1500).Select(static line => $"line {line}"));

        History history = new(File);

        history.Lines.Should().HaveCount(1000).And.EndWith("line 1500");
        System.IO.File.ReadAllLines(File).Should().HaveCount(1000);
    }

    [Fact]
    public void Nothing_is_kept_when_it_is_turned_off()
    {
        History history = new(File) { IsEnabled = false };

        history.Add("secret");

        System.IO.File.Exists(File).Should().BeFalse();
        history.Lines.Should().BeEmpty();
    }

    [Theory]
    [InlineData("/state", "/home/u", "/state/rkllama/history")]
    [InlineData("relative", "/home/u", "/home/u/.local/state/rkllama/history")]
    [InlineData(null, "/home/u", "/home/u/.local/state/rkllama/history")]
    [InlineData(null, null, null)]
    public void The_file_is_where_XDG_says(string? state, string? home, string? expected) =>
        History.PathOf(name => name switch { "XDG_STATE_HOME" => state, "HOME" => home, _ => null }).Should().Be(expected);
}
