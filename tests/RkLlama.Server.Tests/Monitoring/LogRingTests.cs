using RkLlama.Server.Hosting;
using RkLlama.Server.Monitoring;

namespace RkLlama.Server.Tests.Monitoring;

/// <summary>The last lines of the log.</summary>
public sealed class LogRingTests
{
    [Fact]
    public void The_last_lines_are_kept_without_line_breaks()
    {
        LogRing ring = new();
        using (Serilog.Core.Logger log = LoggingSetup.Create(new NullSink(), ring))
        {
            for (int i = 0; i < LogRing.Capacity + 10; i++)
                log.Information("Line {Number}\nof a client", i);
        }

        (IReadOnlyList<LogLine> lines, long added) = ring.All;

        lines.Should().HaveCount(LogRing.Capacity);
        lines[0].Text.Should().Be("Line 10 of a client");
        lines[^1].Level.Should().Be("information");
        ring.Since(added - 2).Lines.Should().HaveCount(2);
        ring.Since(added).Lines.Should().BeEmpty();
    }

    private sealed class NullSink : Serilog.Core.ILogEventSink
    {
        public void Emit(Serilog.Events.LogEvent logEvent)
        {
        }
    }
}
