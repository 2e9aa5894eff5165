using System.Text;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Hosting;
using RkLlama.Server.Monitoring;
using Serilog.Core;

namespace RkLlama.Server.Tests.Hosting;

/// <summary>Logging never waits for the output.</summary>
public sealed class AsyncLogSinkTests : IDisposable
{
    private readonly GatedStream _output = new();
    private readonly DroppedLogLines _dropped = new();

    public void Dispose() => _output.Dispose();

    [Fact]
    public void Queued_lines_are_written_in_order_when_the_log_is_closed()
    {
        using (Logger log = LoggingSetup.Create(Sink()))
        {
            for (int i = 0; i < 1000; i++)
                log.Information("line {Number}", i);
        }

        _output.Lines.Should().HaveCount(1000);
        _output.Lines.Select(static line => line[(line.LastIndexOf(' ') + 1)..]).Should().Equal(Enumerable.Range(0, 1000).Select(static i => $"{i}"));
    }

    [Fact]
    public async Task If_the_output_blocks_lines_are_dropped_and_counted_and_the_count_is_logged()
    {
        const int lines = AsyncLogSink.Capacity + 1000;
        _output.Block();
        using Logger log = LoggingSetup.Create(Sink());

        await Task.Run(() =>
        {
            for (int i = 0; i < lines; i++)
                log.Information("line {Number}", i);
        }).WaitAsync(HeldRuns.Patience);
        long dropped = _dropped.Count;
        dropped.Should().BeInRange(1, 1000);
        _output.Unblock();

        await HeldRuns.EventuallyAsync(() => _output.Lines.Any(line => line.EndsWith($"{dropped} log lines were dropped, because the output does not accept them fast enough", StringComparison.Ordinal)));
        _output.Lines.Should().HaveCount((int)(lines - dropped) + 1);
        log.Information("again");
        await HeldRuns.EventuallyAsync(() => _output.Lines[^1].EndsWith("again", StringComparison.Ordinal));
        _dropped.Count.Should().Be(dropped);
    }

    [Fact]
    public async Task Closing_the_log_does_not_wait_for_an_output_that_blocks()
    {
        _output.Block();
        Logger log = LoggingSetup.Create(Sink());
        log.Information("one");

        await Task.Run(log.Dispose).WaitAsync(HeldRuns.Patience);

        _output.Lines.Should().BeEmpty();
        _output.Unblock();
    }

    [Fact]
    public async Task An_output_that_fails_is_tried_again()
    {
        _output.Fails = true;
        using Logger log = LoggingSetup.Create(Sink());
        log.Information("one");
        await HeldRuns.EventuallyAsync(() => _dropped.Count >= 1);

        _output.Fails = false;
        log.Information("two");

        await HeldRuns.EventuallyAsync(() => _output.Lines.Any(static line => line.EndsWith("two", StringComparison.Ordinal)));
    }

    private AsyncLogSink Sink() => new(new JournalFormatter(journal: false), _output, _dropped);

    /// <summary>An output that does not accept writes while it is blocked.</summary>
    private sealed class GatedStream : MemoryStream
    {
        private readonly object _lock = new();
        private readonly List<byte> _written = [];
        private bool _isBlocked;

        internal volatile bool Fails;

        internal string[] Lines
        {
            get
            {
                lock (_lock)
                    return Encoding.UTF8.GetString([.. _written]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            }
        }

        internal void Block()
        {
            lock (_lock)
                _isBlocked = true;
        }

        internal void Unblock()
        {
            lock (_lock)
            {
                _isBlocked = false;
                Monitor.PulseAll(_lock);
            }
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (_lock)
            {
                while (_isBlocked)
                    Monitor.Wait(_lock);
                if (Fails)
                    throw new IOException("No space left on device");
                _written.AddRange(buffer);
            }
        }

        protected override void Dispose(bool disposing)
        {
            Unblock();
            base.Dispose(disposing);
        }
    }
}
