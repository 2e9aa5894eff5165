using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RkLlama.Output.Text;

internal static class JsonText
{
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

    /// <summary>Returns the text as a JSON string in quotes. Escapes only the characters that JSON requires to be escaped.</summary>
    internal static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

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
