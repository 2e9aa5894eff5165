using System.Buffers;
using System.Globalization;
using System.Text.Json;
using RkLlama.Server.Api.Common.Fields;

namespace RkLlama.Server.Api.Ollama;

/// <summary>
/// Reads <c>keep_alive</c>, the time for which a model stays loaded after a request: a number of seconds, or a duration in Go's syntax. An empty text becomes
/// null, which selects the server's default. Zero unloads the model at once. A negative value becomes <see cref="Timeout.InfiniteTimeSpan"/>.
/// </summary>
internal sealed class OllamaKeepAliveConverter : FieldConverter<TimeSpan?>
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    public override TimeSpan? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out double seconds))
            return OfSeconds(seconds);
        if (reader.TokenType == JsonTokenType.String)
        {
            string text = reader.GetString()!;
            if (text.Length == 0)
                return null;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && !double.IsNaN(number))
                return OfSeconds(number);
            if (ParseDuration(text) is { } duration)
                return OfSeconds(duration);
        }

        throw new FieldException("a number of seconds or a duration such as \"5m\"");
    }

    private static TimeSpan OfSeconds(double seconds) => seconds switch
    {
        < 0 => Timeout.InfiniteTimeSpan,

        // A time of more than 95 years (3e9 s) counts as infinite.
        > 3e9 => Timeout.InfiniteTimeSpan,
        _ => TimeSpan.FromSeconds(seconds),
    };

    /// <summary>
    /// Parses a duration in Go's syntax: an optional sign, then one or more numbers, each with a unit, such as <c>1h30m</c>, <c>1.5s</c>, <c>-1ms</c>.
    /// </summary>
    /// <returns>The duration in seconds; null if the text is not a duration.</returns>
    private static double? ParseDuration(ReadOnlySpan<char> text)
    {
        double sign = 1;
        if (text[0] is '-' or '+')
        {
            sign = text[0] == '-' ? -1 : 1;
            text = text[1..];
        }

        double total = 0;
        if (text.IsEmpty)
            return null;
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
                return null;
            text = text[digits..];
            int letters = text.IndexOfAny(Digits);
            ReadOnlySpan<char> unit = letters < 0 ? text : text[..letters];
            double? factor = unit switch
            {
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                "ms" => 1e-3,
                "us" or "µs" or "μs" => 1e-6,
                "ns" => 1e-9,
                _ => null,
            };
            if (factor is null)
                return null;
            total += number * factor.Value;
            text = text[unit.Length..];
        }

        return sign * total;
    }
}
