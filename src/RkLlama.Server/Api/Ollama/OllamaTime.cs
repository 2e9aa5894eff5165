using System.Globalization;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Formats times and durations like Ollama.</summary>
internal static class OllamaTime
{
    /// <summary>RFC 3339 in UTC with six fractional digits, which the parsers of all clients accept.</summary>
    internal static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The duration in nanoseconds.</summary>
    internal static long Of(TimeSpan duration) => (long)duration.TotalNanoseconds;
}
