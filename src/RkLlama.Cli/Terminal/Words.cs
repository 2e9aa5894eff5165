using System.Globalization;

namespace RkLlama.Cli.Terminal;

/// <summary>Formats sizes and times for people, as Ollama does.</summary>
internal static class Words
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB"];

    /// <summary>Formats a number of bytes in decimal units: <c>397 MB</c>, <c>6.6 GB</c>, <c>2 KB</c>. From 10 up without decimals; not rounded up.</summary>
    internal static string Size(long bytes)
    {
        double value = Math.Max(0, bytes);
        int unit = 0;
        for (; value >= 1000 && unit < Units.Length - 1; unit++)
            value /= 1000;
        bool isWhole = value >= 10 || unit == 0 || value == Math.Truncate(value);
        return (isWhole ? Math.Truncate(value).ToString(CultureInfo.InvariantCulture) : (Math.Truncate(value * 10) / 10).ToString("0.0", CultureInfo.InvariantCulture)) + " " + Units[unit];
    }

    /// <summary>Formats a length of time in its largest unit: <c>About an hour</c>, <c>3 weeks</c>.</summary>
    internal static string Approximate(TimeSpan time)
    {
        int seconds = (int)Math.Min(time.TotalSeconds, int.MaxValue), minutes = (int)Math.Min(time.TotalMinutes, int.MaxValue), hours = (int)Math.Round(time.TotalHours), days = hours / 24;
        return (seconds, minutes, hours) switch
        {
            ( < 1, _, _) => "Less than a second",
            (1, _, _) => "1 second",
            ( < 60, _, _) => Number(seconds, "seconds"),
            (_, 1, _) => "About a minute",
            (_, < 60, _) => Number(minutes, "minutes"),
            (_, _, 1) => "About an hour",
            (_, _, < 48) => Number(hours, "hours"),
            (_, _, < 24 * 14) => Number(days, "days"),
            (_, _, < 24 * 60) => Number(days / 7, "weeks"),
            (_, _, < 24 * 730) => Number(days / 30, "months"),
            _ => Number(days / 365, "years"),
        };
    }

    /// <summary>Formats a time in the past or the future: <c>3 weeks ago</c>, <c>4 minutes from now</c>.</summary>
    internal static string Relative(DateTimeOffset time, DateTimeOffset now) => time <= now ? Approximate(now - time) + " ago" : Approximate(time - now) + " from now";

    /// <summary>Formats a duration as Go does: <c>1m2.5s</c>, <c>467.7714ms</c>, <c>12µs</c>.</summary>
    internal static string Duration(long nanoseconds)
    {
        if (nanoseconds < 1000)
            return string.Create(CultureInfo.InvariantCulture, $"{nanoseconds}ns");
        if (nanoseconds < 1_000_000)
            return Fraction(nanoseconds / 1e3m) + "µs";
        if (nanoseconds < 1_000_000_000)
            return Fraction(nanoseconds / 1e6m) + "ms";
        decimal seconds = nanoseconds / 1e9m;
        long minutes = (long)(seconds / 60), hours = minutes / 60;
        string rest = Fraction(seconds - (minutes * 60)) + "s";
        return hours > 0 ? string.Create(CultureInfo.InvariantCulture, $"{hours}h{minutes % 60}m{rest}") : minutes > 0 ? string.Create(CultureInfo.InvariantCulture, $"{minutes}m{rest}") : rest;
    }

    /// <summary>Formats the time left of a transfer: <c>21s</c>, <c>4m12s</c>, <c>2h5m</c>.</summary>
    internal static string Left(TimeSpan time) => time switch
    {
        { TotalHours: >= 100 } => "99h+",
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}h{time.Minutes}m"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}m{time.Seconds}s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, time.Seconds)}s"),
    };

    /// <summary>Returns a name as one word of a shell command.</summary>
    internal static string Quote(string name) => name.All(static c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/' or '@') ? name : $"'{name.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Breaks a text into lines, between words where possible.</summary>
    /// <param name="width">The maximum number of characters of a line.</param>
    internal static IEnumerable<string> Wrap(string text, int width)
    {
        width = Math.Max(width, 1);
        while (text.Length > width)
        {
            int space = text.LastIndexOf(' ', width);
            yield return text[..(space > 0 ? space : width)];
            text = text[(space > 0 ? space + 1 : width)..];
        }

        yield return text;
    }

    private static string Number(int number, string unit) => string.Create(CultureInfo.InvariantCulture, $"{number} {unit}");

    private static string Fraction(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
}
