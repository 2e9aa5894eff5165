using System.Globalization;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace RkLlama.Server.Monitoring;

/// <summary>One line of the log.</summary>
/// <param name="Time">When it was written.</param>
/// <param name="Level">verbose, debug, information, warning, error or fatal.</param>
/// <param name="Text">The message, without line breaks and without a stack trace.</param>
internal sealed record LogLine(DateTimeOffset Time, string Level, string Text);

/// <summary>
/// Keeps the last 500 lines of the log for the page. Only if the node has an API key, because the vendor's library may print prompts. Thread-safe.
/// </summary>
internal sealed class LogRing : ILogEventSink
{
    internal const int Capacity = 500;

    private const int MaxLength = 1000;

    // In the format :lj, l writes strings without quotes, and j writes objects as JSON.
    private static readonly MessageTemplateTextFormatter Message = new("{Message:lj}", CultureInfo.InvariantCulture);

    private readonly Lock _lock = new();

    // Guarded by _lock. The oldest one first.
    private readonly Queue<LogLine> _lines = new();
    private long _added;

    /// <summary>The lines, the oldest one first, and the number of all lines so far.</summary>
    internal (IReadOnlyList<LogLine> Lines, long Added) All
    {
        get
        {
            lock (_lock)
                return ([.. _lines], _added);
        }
    }

    /// <summary>Returns the lines that were added after the first lines.</summary>
    /// <param name="after">Number of all lines at the time of the last call.</param>
    internal (IReadOnlyList<LogLine> Lines, long Added) Since(long after)
    {
        lock (_lock)
            return (_added == after ? [] : [.. _lines.TakeLast((int)Math.Min(_added - after, Capacity))], _added);
    }

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture);
        Message.Format(logEvent, text);
        string category = logEvent.Properties.TryGetValue("SourceContext", out LogEventPropertyValue? source) && source is ScalarValue { Value: string name }
            ? name[(name.LastIndexOf('.') + 1)..] + ": "
            : "";
        string message = category + text.ToString().ReplaceLineEndings(" ");
        LogLine line = new(logEvent.Timestamp.ToUniversalTime(), logEvent.Level.ToString().ToLowerInvariant(), message.Length > MaxLength ? message[..MaxLength] + "…" : message);
        lock (_lock)
        {
            if (_lines.Count == Capacity)
                _lines.Dequeue();
            _lines.Enqueue(line);
            _added++;
        }
    }
}
