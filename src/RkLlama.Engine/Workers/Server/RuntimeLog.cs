using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// The output of the vendor library in one worker. Writes each line to the log. These lines are also the only source of the library's error texts, of its
/// version and of the model's limits. Lines are added on the worker's log thread.
/// </summary>
internal sealed partial class RuntimeLog(ILogger logger)
{
    private const int KeptErrors = 4;

    private readonly Lock _lock = new();
    private readonly Queue<string> _errors = new();

    /// <summary>The version that the library has printed; <see langword="null"/> if it has printed none yet.</summary>
    internal string? RuntimeVersion { get; private set; }

    /// <summary>The version of the NPU driver that the library has printed; <see langword="null"/> if it has printed none yet.</summary>
    internal string? DriverVersion { get; private set; }

    /// <summary>The platform that the library has printed, for example <c>RK3588</c>; <see langword="null"/> if it has printed none.</summary>
    internal string? Platform { get; private set; }

    /// <summary>The model's limit in tokens, if the library has rejected the requested context length; else <see langword="null"/>.</summary>
    internal int? ContextLimit { get; private set; }

    /// <summary>The last error lines without their prefix, oldest first; empty if there are none.</summary>
    internal string ErrorText
    {
        get
        {
            lock (_lock)
                return string.Join("; ", _errors);
        }
    }

    /// <summary>The cause of the last error lines; <see langword="null"/> if it is unknown.</summary>
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

    /// <summary>Finds the level of a line. The library's prefix has it (<c>I rkllm: …</c>), but older versions print errors without a prefix.</summary>
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

    // From "terminate called" on: messages of the C and C++ libraries before they abort a process.
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
