using System.Globalization;
using System.Net;

namespace RkLlama.Output.StructuredJson;

/// <summary>Checks strings against the schema keyword <c>format</c>. Knows the formats that the schema generators of clients use.</summary>
internal static class StringFormats
{
    private static readonly string[] Checked = ["date-time", "date", "time", "email", "uuid", "ipv4", "ipv6", "uri"];

    /// <summary>Returns whether a text of any form has the format, because the format is not known.</summary>
    internal static bool IsFree(string format) => !Checked.Contains(format);

    /// <summary>Returns whether the text has the format. True for an unknown format.</summary>
    internal static bool IsValid(string format, string text) => format switch
    {
        "date-time" => text.Length >= 19 && text[10] is 'T' or 't' or ' ' && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => DateTimeOffset.TryParse($"2000-01-01T{text}", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "email" => text.IndexOf('@') is > 0 and var at && at == text.LastIndexOf('@') && at < text.Length - 1 && !text.Any(char.IsWhiteSpace),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "ipv4" => IPAddress.TryParse(text, out IPAddress? four) && four.ToString() == text && !text.Contains(':'),
        "ipv6" => text.Contains(':') && IPAddress.TryParse(text, out _),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        _ => true,
    };
}
