using RkLlama.Cli.Terminal;

namespace RkLlama.Cli.Tests.Terminal;

public sealed class TerminalFeaturesTests
{
    [Theory]
    [InlineData(true, false, null, "xterm")]
    [InlineData(true, false, "", "xterm")]
    [InlineData(false, true, null, "xterm")]
    [InlineData(false, false, "1", "xterm")]
    [InlineData(false, false, null, "dumb")]
    public void Colours_and_bars_need_a_terminal_and_no_NO_COLOR(bool expected, bool isRedirected, string? noColor, string terminal) =>
        TerminalFeatures.CanControl(isRedirected, name => name == "NO_COLOR" ? noColor : terminal).Should().Be(expected);
}
