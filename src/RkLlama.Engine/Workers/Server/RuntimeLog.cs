using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// What a worker's library prints: log lines, the only source of its error texts, of its version and of the model's limits.
/// One per worker; lines come from its stderr thread.
/// </summary>
internal sealed partial class RuntimeLog(ILogger logger)
{
    private const int KeptErrors = 4;

    private readonly Lock _lock = new();
    private readonly Queue<string> _errors = new();

    /// <summary>The version the library says it is, or <see langword="null"/> while it has not said so.</summary>
    internal string? RuntimeVersion { get; private set; }

    internal string? DriverVersion { get; private set; }

    /// <summary>E.g. <c>RK3588</c>.</summary>
    internal string? Platform { get; private set; }

    /// <summary>From the line that names the limit a requested context length broke, in tokens.</summary>
    internal int? ContextLimit { get; private set; }

    /// <summary>The last error lines, oldest first, without their prefix; empty when there were none.</summary>
    internal string ErrorText
    {
        get
        {
            lock (_lock)
                return string.Join("; ", _errors);
        }
    }

    /// <summary>The cause that the last error lines tell; <see langword="null"/> if they tell none that is known.</summary>
    internal FailureCode? ErrorCode => RuntimeErrorClassifier.Classify(ErrorText);

    /// <summary>Forgets earlier errors, so that the next failure is not explained by them.</summary>
    internal void ClearErrors()
    {
        lock (_lock)
            _errors.Clear();
    }

    internal void Add(string line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;

        (LogLevel level, string text) = Classify(line);
        Log.Line(logger, level, text);
        ReadFacts(text);
        // Some failures are explained in a warning.
        if (level >= LogLevel.Error || (level == LogLevel.Warning && LooksLikeError.IsMatch(text)))
        {
            lock (_lock)
            {
                _errors.Enqueue(text);
                if (_errors.Count > KeptErrors)
                    _errors.Dequeue();
            }
        }
    }

    /// <summary>The library's prefix is its level (<c>I rkllm: …</c>); older versions print errors without one.</summary>
    internal static (LogLevel Level, string Text) Classify(string line)
    {
        Match prefix = Prefix.Match(line);
        string text = line[prefix.Length..].Trim(' ', ':');
        LogLevel level = prefix.Groups[1].ValueSpan switch
        {
            "E" => LogLevel.Error,
            "W" => LogLevel.Warning,
            "I" => LogLevel.Information,
            "D" => LogLevel.Debug,
            _ when LooksLikeError.IsMatch(line) => LogLevel.Error,
            _ when line.Contains("warning", StringComparison.OrdinalIgnoreCase) => LogLevel.Warning,
            _ => LogLevel.Information,
        };
        return (level, text);
    }

    private void ReadFacts(string text)
    {
        if (VersionLine.Match(text) is { Success: true } version)
        {
            RuntimeVersion = version.Groups[1].Value;
            DriverVersion = version.Groups[2].Value;
            Platform = version.Groups[3].Success ? version.Groups[3].Value : null;
        }

        if (ContextLimitLine.Match(text) is { Success: true } limit && int.TryParse(limit.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out int tokens))
            ContextLimit = tokens;
    }

    [GeneratedRegex(@"^([IWED]) [A-Za-z_]+: ?")]
    private static partial Regex Prefix { get; }

    // The second half is what the C and C++ libraries say before they abort a process.
    [GeneratedRegex(
        @"\berror\b|invalid|fail(ed)?\b|does not match|too (old|new)|terminate called|what\(\):|corrupt|smashing detected|out of memory|pure virtual",
        RegexOptions.IgnoreCase)]
    private static partial Regex LooksLikeError { get; }

    [GeneratedRegex(@"rkllm-runtime version: ([^,\s]+), rknpu driver version: ([^,\s]+)(?:, platform: ([^,\s]+))?")]
    private static partial Regex VersionLine { get; }

    [GeneratedRegex(@"max_context\[\d+\] must be less than the model's max_context_limit\[(\d+)\]")]
    private static partial Regex ContextLimitLine { get; }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Message = "{Line}")]
        internal static partial void Line(ILogger logger, LogLevel level, string line);
    }
}
