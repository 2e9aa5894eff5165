using System.Globalization;

namespace RkLlama.Server.Api.Ollama;

/// <summary>Times and durations as Ollama writes them.</summary>
internal static class OllamaTime
{
    /// <summary>RFC 3339 in UTC; six digits, because that is what the parsers of all clients take.</summary>
    internal static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Nanoseconds.</summary>
    internal static long Of(TimeSpan duration) => (long)duration.TotalNanoseconds;
}
