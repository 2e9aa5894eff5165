using System.Text;
using System.Text.Json;

namespace RkLlama.Output.StructuredJson;

/// <summary>Numbers and constants as models write them.</summary>
internal static class JsonWord
{
    /// <summary>Returns the number, or the constant of JSON or Python, as JSON; null if the word is neither.</summary>
    internal static string? ToJson(string word) => word switch
    {
        "true" or "True" or "TRUE" => "true",
        "false" or "False" or "FALSE" => "false",
        "null" or "None" or "NULL" or "undefined" => "null",
        _ => NormalizeNumber(word),
    };

    private static string? NormalizeNumber(string word)
    {
        string number = word.TrimStart('+').Replace("_", "", StringComparison.Ordinal);
        if (number.StartsWith('.'))
            number = "0" + number;
        if (number.EndsWith('.'))
            number += "0";
        Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(number));
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && !reader.Read() ? number : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
