using Microsoft.Extensions.Time.Testing;
using RkLlama.Cli.Terminal.Progress;
using RkLlama.Cli.Tests.Support;

namespace RkLlama.Cli.Tests.Terminal;

public sealed class ProgressTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_bar_shows_size_rate_and_time_left_and_then_the_size_only()
    {
        TransferBar bar = new(_time, "pulling dec52a44569a");
        bar.Update(0, 400_000_000);
        _time.Advance(TimeSpan.FromSeconds(4));
        bar.Update(100_000_000, 400_000_000);

        string half = bar.Format(80, isUnicode: true), narrow = bar.Format(30, isUnicode: false);
        bar.Update(400_000_000, 400_000_000);

        half.Should().Be("pulling dec52a44569a:  25% ▕████             ▏ 100 MB/400 MB    25 MB/s      12s");
        narrow.Should().Be("pulling dec52a44569a:  25% 100");
        bar.Format(60, isUnicode: false).Should().Be("pulling dec52a44569a: 100% [########################] 400 MB");
    }

    [Fact]
    public void The_rate_is_that_of_the_last_ten_seconds()
    {
        TransferRate rate = new(_time);
        for (int second = 0; second <= 20; second++)
        {
            rate.Add(second * (second < 10 ? 100 : 10));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        rate.BytesPerSecond.Should().BeLessThan(12);
        _time.Advance(TimeSpan.FromSeconds(30));
        rate.BytesPerSecond.Should().Be(0, "it stalls");
    }

    [Fact]
    public void A_status_that_is_longer_than_a_row_gets_several_rows()
    {
        Screen screen = new(20);
        using (BarDisplay display = new(screen, static () => (20, 24), _time))
        {
            display.ShowStatus("the reason for the choice of a file");
            _time.Advance(TimeSpan.FromMilliseconds(100));
            display.ShowStatus("next");
        }

        screen.Rows.Where(static row => row.Length > 0).Should().Equal("the reason for the", "choice of a file", "next");
    }

    [Fact]
    public void Bars_are_drawn_in_their_rows()
    {
        Screen screen = new(80);
        using (BarDisplay display = new(screen, static () => (80, 24), _time))
        {
            display.ShowStatus("pulling manifest");
            _time.Advance(TimeSpan.FromMilliseconds(100));
            display.ShowTransfer("a", "pulling aaa", 10, 1000);
            display.ShowTransfer("b", "pulling bbb", 500, 1000);
            _time.Advance(TimeSpan.FromMilliseconds(100));
            display.ShowTransfer("a", "pulling aaa", 1000, 1000);
            display.ShowTransfer("b", "pulling bbb", 1000, 1000);
            display.ShowStatus("verifying sha256 digest");
        }

        screen.Rows.Should().HaveCount(5);
        screen.Rows[0].Should().Be("pulling manifest");
        screen.Rows[1].Should().StartWith("pulling aaa: 100% ").And.EndWith(" 1 KB");
        screen.Rows[2].Should().StartWith("pulling bbb: 100% ").And.EndWith(" 1 KB");
        screen.Rows[3].Should().Be("verifying sha256 digest");
    }

    [Fact]
    public void More_bars_than_rows_leave_the_last_ones_on_the_screen()
    {
        StringWriter output = new();
        using (BarDisplay display = new(output, static () => (80, 5), _time))
        {
            for (int round = 1; round <= 3; round++)
            {
                for (int file = 0; file < 10; file++)
                    display.ShowTransfer($"{file}", $"file {file}", round, 10);
                _time.Advance(TimeSpan.FromMilliseconds(100));
            }
        }

        output.ToString().Should().NotContain("\e[10A").And.Contain("\e[4A");
    }

    [Fact]
    public void Without_a_terminal_there_is_a_line_every_ten_percent_or_ten_seconds()
    {
        StringWriter output = new();
        using LineDisplay display = new(output, _time);

        display.ShowStatus("pulling manifest");
        for (int percent = 0; percent <= 30; percent++)
            display.ShowTransfer("a", "pulling aaa", percent, 100);
        _time.Advance(TimeSpan.FromSeconds(11));
        display.ShowTransfer("a", "pulling aaa", 31, 100);
        display.ShowTransfer("a", "pulling aaa", 100, 100);
        display.ShowTransfer("a", "pulling aaa", 100, 100);

        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Select(static line => line.Split("  ")[0]).Should().Equal(
            "pulling manifest", "pulling aaa: 0% of 100 B", "pulling aaa: 10% of 100 B", "pulling aaa: 20% of 100 B", "pulling aaa: 30% of 100 B", "pulling aaa: 31% of 100 B", "pulling aaa: 100% of 100 B");
        output.ToString().Should().NotContain("\e");
    }
}
