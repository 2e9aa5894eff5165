using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RkLlama.Output.Text;

internal static class JsonText
{
    private static readonly FrozenDictionary<char, string> Escapes = new Dictionary<char, string>
    {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t", ['\b'] = "\\b", ['\f'] = "\\f",
    }.ToFrozenDictionary();

    /// <summary>Removes the white space between JSON tokens. Numbers and strings do not change.</summary>
    /// <param name="json">Must be valid JSON.</param>
    internal static string Minify(string json)
    {
        StringBuilder compact = new(json.Length);
        bool inString = false;
        for (int i = 0; i < json.Length; i++)
        {
            char c = json[i];
            if (inString && c == '\\')
                compact.Append(json[i++]).Append(json[i]);
            else if (inString || c is not (' ' or '\t' or '\n' or '\r'))
                compact.Append(c);
            if (c == '"')
                inString = !inString;
        }

        return compact.ToString();
    }

    /// <summary>Returns the number of objects and arrays inside one another.</summary>
    /// <param name="json">Must be valid JSON.</param>
    internal static int Depth(string json)
    {
        int depth = 0, deepest = 0;
        bool inString = false;
        for (int i = 0; i < json.Length; i++)
        {
            char c = json[i];
            if (inString && c == '\\')
                i++;
            else if (c == '"')
                inString = !inString;
            else if (!inString && c is '{' or '[')
                deepest = Math.Max(deepest, ++depth);
            else if (!inString && c is '}' or ']')
                depth--;
        }

        return deepest;
    }

    /// <summary>
    /// Returns the text as a JSON string in quotes. Escapes only the characters that JSON requires to be escaped, and halves of surrogate pairs.
    /// </summary>
    internal static string Quote(string text)
    {
        StringBuilder json = new(text.Length + 2);
        json.Append('"');
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool isPair = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (isPair)
                json.Append(c).Append(text[++i]);
            else if (Escapes.TryGetValue(c, out string? escape))
                json.Append(escape);
            else if (c < ' ' || char.IsSurrogate(c))
                json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                json.Append(c);
        }

        return json.Append('"').ToString();
    }

    /// <summary>Returns the name that a JSON schema uses for the type: object, array, string, number, boolean or null.</summary>
    internal static string TypeName(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };
}
