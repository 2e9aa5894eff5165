using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Processes the text that the vendor library prints in one worker. Writes each line to the log of the server. Also extracts the error texts, the versions and
/// the context limit, because the library does not return them. Lines are added on the log thread of the worker.
/// </summary>
internal sealed partial class RuntimeLog(ILogger logger)
{
    private const int KeptErrors = 4;

    private readonly Lock _lock = new();
    private readonly Queue<string> _errors = new();

    /// <summary>The version that the library has printed, for example <c>1.2.3</c>; <see langword="null"/> if it has printed none yet.</summary>
    internal string? RuntimeVersion { get; private set; }

    /// <summary>The version of the NPU driver that the library has printed; <see langword="null"/> if it has printed none yet.</summary>
    internal string? DriverVersion { get; private set; }

    /// <summary>The platform that the library has printed, for example <c>RK3588</c>; <see langword="null"/> if it has printed none.</summary>
    internal string? Platform { get; private set; }

    /// <summary>The model's maximum context length in tokens. Known only if the library has rejected a larger one; else <see langword="null"/>.</summary>
    internal int? ContextLimit { get; private set; }

    /// <summary>
    /// The last error lines, at most 4, oldest first, joined with "; ". They do not contain the prefix of the library. Empty if there are none.
    /// </summary>
    internal string ErrorText
    {
        get
        {
            lock (_lock)
                return string.Join("; ", _errors);
        }
    }

    /// <summary>The cause of the failure that <see cref="ErrorText"/> describes; <see langword="null"/> if it is unknown.</summary>
    internal FailureCode? ErrorCode => RuntimeErrorClassifier.Classify(ErrorText);

    /// <summary>Removes the error lines, so that they are not reported as the cause of a later failure.</summary>
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
        // For some failures, the library prints the cause as a warning.
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

    /// <summary>
    /// Finds the log level of a line. A line of the library begins with its level (<c>I rkllm: …</c>). But older versions print errors without this prefix;
    /// then the words of the line decide.
    /// </summary>
    /// <returns>The level and the text without the prefix.</returns>
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

    // The alternatives from "terminate called" to the end are messages that the C and C++ libraries print before they abort a process.
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
