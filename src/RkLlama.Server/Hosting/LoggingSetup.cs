using RkLlama.Server.Http.Results;
using RkLlama.Server.Monitoring;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace RkLlama.Server.Hosting;

/// <summary>Configures Serilog. All other code logs through <c>ILogger</c>.</summary>
internal static class LoggingSetup
{
    /// <summary>Creates the sink that writes to stdout. The logger disposes it.</summary>
    internal static AsyncLogSink OpenConsole(DroppedLogLines dropped) =>
        new(new JournalFormatter(JournalFormatter.IsJournal), Console.OpenStandardOutput(), dropped);

    /// <summary>Creates a logger that writes to a text writer. Only for tests, which read the log.</summary>
    internal static Logger Create(TextWriter output) => Create(new WriterSink(new JournalFormatter(JournalFormatter.IsJournal), output));

    /// <param name="sink">Disposed together with the logger.</param>
    /// <param name="ring">Keeps the last lines for the page; null to keep none.</param>
    internal static Logger Create(ILogEventSink sink, LogRing? ring = null)
    {
        LoggerConfiguration configuration = new LoggerConfiguration()
            .MinimumLevel.Is(LevelOf(Environment.GetEnvironmentVariable("RKLLAMA_LOG_LEVEL")))
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // It logs the start and the end of requests below the level Warning. If it logs nothing at all, ASP.NET Core makes no Activity and no logging scope
            // for each request.
            .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", LevelAlias.Off)
            .Filter.ByExcluding(static logEvent => logEvent.Exception is ResponseAbortedException)

            // Kestrel's error for an invalid request body. Any client can send one, and it has already received an error response.
            .Filter.ByExcluding(static logEvent => logEvent.MessageTemplate.Text.Contains("automatic draining of the request body failed", StringComparison.Ordinal))

            // The host's error for a failed start, with a stack trace. ServerHost logs the reason in one line.
            .Filter.ByExcluding(static logEvent => logEvent.MessageTemplate.Text == "Hosting failed to start")
            .WriteTo.Sink(sink);
        if (ring is not null)
            configuration = configuration.WriteTo.Sink(new LogRingSink(ring));
        return configuration.CreateLogger();
    }

    private static LogEventLevel LevelOf(string? name) => Enum.TryParse(name, ignoreCase: true, out LogEventLevel level) ? level : LogEventLevel.Information;

    private sealed class WriterSink(JournalFormatter formatter, TextWriter output) : ILogEventSink
    {
        public void Emit(LogEvent logEvent)
        {
            lock (output)
                formatter.Format(logEvent, output);
        }
    }
}
