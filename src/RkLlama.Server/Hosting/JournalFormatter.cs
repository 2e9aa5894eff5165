using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Writes one line per log event. A stack trace follows on its own lines. If journald reads the output, each line starts with its priority, for example
/// <c>&lt;6&gt;</c>, which journald parses and removes. These lines have no timestamp, because journald adds one.
/// </summary>
/// <param name="journal">Whether journald reads the output.</param>
internal sealed class JournalFormatter(bool journal) : ITextFormatter
{
    // In the format :lj, l writes strings without quotes, and j writes objects as JSON.
    private static readonly MessageTemplateTextFormatter Message = new("{Message:lj}", CultureInfo.InvariantCulture);

    /// <summary>Whether stdout or stderr is connected to journald.</summary>
    internal static bool IsJournal => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("JOURNAL_STREAM"));

    public void Format(LogEvent logEvent, TextWriter output)
    {
        string category = logEvent.Properties.TryGetValue("SourceContext", out LogEventPropertyValue? source) && source is ScalarValue { Value: string name }
            ? name[(name.LastIndexOf('.') + 1)..]
            : "";
        string head = journal
            ? $"<{Priority(logEvent.Level)}>"
            : $"{logEvent.Timestamp.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {Name(logEvent.Level)} ";

        // Text from a client or from the vendor library may contain line breaks. They must not start a new log line.
        using StringWriter message = new(CultureInfo.InvariantCulture);
        Message.Format(logEvent, message);
        output.WriteLine($"{head}{category}: {message.ToString().ReplaceLineEndings(" ")}");
        if (logEvent.Exception is { } exception)
        {
            foreach (string line in exception.ToString().Split('\n'))
                output.WriteLine($"{(journal ? head : "    ")}{line.TrimEnd('\r')}");
        }
    }

    private static int Priority(LogEventLevel level) => level switch
    {
        LogEventLevel.Fatal => 2,
        LogEventLevel.Error => 3,
        LogEventLevel.Warning => 4,
        LogEventLevel.Information => 6,
        _ => 7,
    };

    private static string Name(LogEventLevel level) => level switch
    {
        LogEventLevel.Fatal => "FTL",
        LogEventLevel.Error => "ERR",
        LogEventLevel.Warning => "WRN",
        LogEventLevel.Information => "INF",
        _ => "DBG",
    };
}
