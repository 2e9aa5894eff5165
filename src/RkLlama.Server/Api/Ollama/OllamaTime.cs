using System.Globalization;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Formats times and durations as Ollama does.</summary>
internal static class OllamaTime
{
    /// <summary>
    /// Returns the time in UTC in the format of RFC 3339, with six fractional digits. The parsers of all clients accept this number of digits.
    /// </summary>
    internal static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Returns the duration in nanoseconds.</summary>
    internal static long Of(TimeSpan duration) => (long)duration.TotalNanoseconds;
}
