using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RkLlama.Output.Text;

internal static class CompactJson
{
    /// <summary>Valid JSON without the white space between its tokens; numbers and strings stay as they were written.</summary>
    internal static string Of(string json)
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

    /// <summary>The text as a JSON string; only what must be escaped is.</summary>
    internal static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
