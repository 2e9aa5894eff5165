using RkLlama.Server.Http.Results;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace RkLlama.Server.Hosting;

/// <summary>Configures Serilog. Other code logs through <c>ILogger</c>.</summary>
internal static class LoggingSetup
{
    internal static Logger Create(TextWriter? output = null)
    {
        LoggerConfiguration configuration = new LoggerConfiguration()
            .MinimumLevel.Is(LevelOf(Environment.GetEnvironmentVariable("RKLLAMA_LOG_LEVEL")))
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .Filter.ByExcluding(static logEvent => logEvent.Exception is ResponseAbortedException)

            // Any client can send a broken body, and it already has its error response.
            .Filter.ByExcluding(static logEvent => logEvent.MessageTemplate.Text.Contains("automatic draining of the request body failed", StringComparison.Ordinal))

            // ServerHost logs this in one line.
            .Filter.ByExcluding(static logEvent => logEvent.MessageTemplate.Text == "Hosting failed to start");
        JournalFormatter formatter = new(JournalFormatter.IsJournal);
        return (output is null
            ? configuration.WriteTo.Console(formatter)
            : configuration.WriteTo.Sink(new WriterSink(formatter, output))).CreateLogger();
    }

    private static LogEventLevel LevelOf(string? name) => Enum.TryParse(name, ignoreCase: true, out LogEventLevel level) ? level : LogEventLevel.Information;

    /// <summary>For tests that read the log.</summary>
    private sealed class WriterSink(JournalFormatter formatter, TextWriter output) : ILogEventSink
    {
        public void Emit(LogEvent logEvent)
        {
            lock (output)
                formatter.Format(logEvent, output);
        }
    }
}
