using System.Globalization;
using System.Text;
using RkLlama.Server.Monitoring;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Parsing;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Writes log events on its own thread, so that no request waits for the output. If the output accepts less than the server logs, the queue becomes full and
/// further events are dropped and counted. When the queue is empty again, one line reports how many. Thread-safe.
/// </summary>
internal sealed class AsyncLogSink : ILogEventSink, IDisposable
{
    /// <summary>Maximum number of events in the queue.</summary>
    internal const int Capacity = 4096;

    // The thread writes an event together with those that follow, until the text has this many characters.
    private const int MaxWriteLength = 16 << 10;

    // Timeout for writing the rest of the queue when the server stops. The output may be a full pipe without a reader.
    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);
    private static readonly MessageTemplate DroppedMessage = new MessageTemplateParser().Parse("{Count} log lines were dropped, because the output does not accept them fast enough");

    private readonly ITextFormatter _formatter;
    private readonly Stream _output;
    private readonly DroppedLogLines _dropped;
    private readonly Thread _thread;

    // Not a Lock, because Monitor.Wait and Monitor.Pulse need an object.
    private readonly object _lock = new();

    // Guarded by _lock.
    private readonly Queue<LogEvent> _queue = new();
    private bool _isClosed;

    /// <summary>Starts the thread.</summary>
    /// <param name="output">Not disposed, because a write may still block when the server stops.</param>
    internal AsyncLogSink(ITextFormatter formatter, Stream output, DroppedLogLines dropped)
    {
        (_formatter, _output, _dropped) = (formatter, output, dropped);
        _thread = new(Write) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Adds the event to the queue, or drops it if the queue is full. Never waits for the output.</summary>
    public void Emit(LogEvent logEvent)
    {
        lock (_lock)
        {
            if (_isClosed || _queue.Count >= Capacity)
            {
                _dropped.Add(1);
                return;
            }

            _queue.Enqueue(logEvent);
            if (_queue.Count == 1)
                Monitor.Pulse(_lock);
        }
    }

    /// <summary>Refuses further events, and waits until all queued events are written, at most one second.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join(FlushTime);
    }

    /// <summary>The thread: writes the events of the queue until the queue is closed and empty.</summary>
    private void Write()
    {
        long reported = 0;
        bool hasFailed = false;
        using StringWriter text = new(CultureInfo.InvariantCulture);
        while (Next(ref reported, reports: !hasFailed) is { } first)
        {
            int events = 0;
            try
            {
                for (LogEvent? next = first; next is not null; next = text.GetStringBuilder().Length < MaxWriteLength ? TryNext() : null)
                {
                    events++;
                    _formatter.Format(next, text);
                }

                _output.Write(Encoding.UTF8.GetBytes(text.ToString()));
                _output.Flush();
                hasFailed = false;
            }
            catch (Exception)
            {
                // The output has been closed, its disk is full, or there is no memory for the text. An exception on this thread would end the process. The
                // dropped events are reported after the next event that can be written.
                hasFailed = true;
                _dropped.Add(events);
            }

            text.GetStringBuilder().Clear();
        }
    }

    /// <summary>Waits for the next event. If the queue is empty and events have been dropped, this is the event that reports them.</summary>
    /// <param name="reported">Number of dropped events that were reported before.</param>
    /// <param name="reports">Whether to report dropped events.</param>
    /// <returns>Null if the queue is closed and empty.</returns>
    private LogEvent? Next(ref long reported, bool reports)
    {
        lock (_lock)
        {
            while (_queue.Count == 0)
            {
                if (reports && _dropped.Count is var dropped && dropped > reported && !_isClosed)
                {
                    LogEventProperty[] properties = [new("Count", new ScalarValue(dropped - reported)), new("SourceContext", new ScalarValue(nameof(AsyncLogSink)))];
                    reported = dropped;
                    return new(DateTimeOffset.Now, LogEventLevel.Warning, null, DroppedMessage, properties);
                }

                if (_isClosed)
                    return null;
                Monitor.Wait(_lock);
            }

            return _queue.Dequeue();
        }
    }

    private LogEvent? TryNext()
    {
        lock (_lock)
            return _queue.TryDequeue(out LogEvent? next) ? next : null;
    }
}
