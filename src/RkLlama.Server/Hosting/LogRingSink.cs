using System.Globalization;
using RkLlama.Server.Monitoring;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace RkLlama.Server.Hosting;

/// <summary>Adds log events to the lines that the page shows. Thread-safe.</summary>
internal sealed class LogRingSink(LogRing ring) : ILogEventSink
{
    private const int MaxLength = 1000;

    // In the format :lj, l writes strings without quotes, and j writes objects as JSON.
    private static readonly MessageTemplateTextFormatter Message = new("{Message:lj}", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public void Emit(LogEvent logEvent)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture);
        Message.Format(logEvent, text);
        string category = logEvent.Properties.TryGetValue("SourceContext", out LogEventPropertyValue? source) && source is ScalarValue { Value: string name }
            ? name[(name.LastIndexOf('.') + 1)..] + ": "
            : "";
        string message = category + text.ToString().ReplaceLineEndings(" ");
        ring.Add(new(logEvent.Timestamp.ToUniversalTime(), logEvent.Level.ToString().ToLowerInvariant(), message.Length > MaxLength ? message[..MaxLength] + "…" : message));
    }
}
