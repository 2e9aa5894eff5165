using System.Text.Json;
using RkLlama.Output.StructuredJson;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls.Arguments;

/// <summary>Converts the value of a tool parameter, which the model wrote as plain text, to JSON.</summary>
internal static class ParameterValue
{
    private const string CDataStart = "<![CDATA[";
    private const string CDataEnd = "]]>";

    /// <summary>
    /// If the text is JSON (or True, False or None) of a type that the schema allows, returns this value as minified JSON. Otherwise returns the text as a JSON
    /// string. If the schema is null or names no type, every type is allowed. Text in quotes becomes a string that contains the quotes. If the schema allows no
    /// string, the quotes do not count, and null is always allowed.
    /// </summary>
    /// <param name="schema">The JSON schema of the parameter. The types are read from its keywords type, enum, anyOf and oneOf.</param>
    internal static string ToJson(string text, JsonElement? schema)
    {
        HashSet<string> types = SchemaTypes.Of(schema);
        if (types.Count == 1 && types.Contains("string"))
            return JsonText.Quote(text);

        bool isNoString = types.Count > 0 && !types.Contains("string");
        string plain = isNoString ? Number(WithoutQuotes(text.Trim())) : text.Trim();
        string value = plain switch
        {
            // Chat templates write earlier calls with Python constants, and models copy them.
            "True" => "true",
            "False" => "false",
            "None" => "null",
            ['{' or '[', ..] list when !types.Contains("string") => JsonRepair.RepairWhole(list) ?? list,
            string trimmed => trimmed,
        };
        return TypeOf(value) is { } type && (types.Count == 0 || types.Contains(type) || (type == "number" && types.Contains("integer")) || (type == "null" && isNoString))
            ? JsonText.Minify(value)
            : JsonText.Quote(text);
    }

    /// <summary>Returns the text inside of quotes; the text itself if it has none.</summary>
    internal static string WithoutQuotes(string text) => text is ['"', .., '"'] or ['\'', .., '\''] ? text[1..^1].Trim() : text;

    /// <summary>Returns a number in the form of JSON if it starts with a plus sign or with its decimal point; other text does not change.</summary>
    internal static string Number(string text) => text switch
    {
        ['.', >= '0' and <= '9', ..] => "0" + text,
        ['-', '.', >= '0' and <= '9', ..] => "-0" + text[1..],
        ['+', >= '0' and <= '9', ..] => text[1..],
        _ => text,
    };

    /// <summary>
    /// Removes the line breaks around a value that is alone on its line between two tags. In a format without a layout, all other line breaks belong to the value.
    /// </summary>
    internal static string WithoutOwnLine(string value)
    {
        bool isOwnLine = value is ['\n' or '\r', ..] && value[^1] is '\n' or '\r' && !value.AsSpan().Trim().Contains('\n');
        return isOwnLine || value.AsSpan().TrimStart().StartsWith(CDataStart) ? WithoutLayout(value) : value;
    }

    /// <summary>
    /// Removes what the layout adds to a value between two tags: one line break at the start and one at the end. If the closing tag is indented on its own
    /// line, also the indentation that all lines have in common. A value in a CDATA section loses only the marks of the section.
    /// </summary>
    internal static string WithoutLayout(string value)
    {
        if (value.Trim() is var text and ['<', '!', '[', ..] && text.StartsWith(CDataStart, StringComparison.Ordinal) && text.IndexOf(CDataEnd, StringComparison.Ordinal) == text.Length - CDataEnd.Length)
            return text[CDataStart.Length..^CDataEnd.Length];
        return WithoutIndentation(value);
    }

    private static string WithoutIndentation(string value)
    {
        int end = value.LastIndexOf('\n');
        bool endsOnOwnLine = end >= 0 && string.IsNullOrWhiteSpace(value[end..]);
        bool isIndented = endsOnOwnLine && value[^1] is ' ' or '\t';
        string text = endsOnOwnLine ? value[..(end > 0 && value[end - 1] == '\r' ? end - 1 : end)] : value;
        int start = text.IndexOf('\n', StringComparison.Ordinal);
        string[] lines = (start >= 0 && string.IsNullOrWhiteSpace(text[..start]) ? text[(start + 1)..] : text).Split('\n');
        int common = isIndented ? lines.Where(static line => line.Trim().Length > 0).Select(Indentation).DefaultIfEmpty(0).Min() : 0;
        return string.Join('\n', lines.Select(line => line[Math.Min(common, Indentation(line))..]));
    }

    private static int Indentation(string line) => line.Length - line.TrimStart(' ', '\t').Length;

    /// <summary>Returns a JSON object with these members.</summary>
    /// <param name="members">The values are JSON.</param>
    internal static string ToObject(OrderedDictionary<string, string> members) =>
        $"{{{string.Join(',', members.Select(static member => $"{JsonText.Quote(member.Key)}:{member.Value}"))}}}";

    /// <returns>
    /// The type of the JSON text, as a JSON schema names it; null if the text is not JSON or is a JSON string. A JSON string is not accepted, because models
    /// write strings without quotes: quotes are part of the value.
    /// </returns>
    private static string? TypeOf(string value)
    {
        // Most values are words. The check of the first character avoids an exception for each word.
        if (value.Length == 0 || !(value[0] is '{' or '[' or '-' or 't' or 'f' or 'n' || char.IsAsciiDigit(value[0])))
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(value, JsonLimits.Document);
            return JsonText.TypeName(document.RootElement.ValueKind);
        }
        catch (Exception ex) when (ex is JsonException or ArgumentException)
        {
            return null;
        }
    }
}
