using System.Text;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>Decodes the escapes of quoted values. Other backslashes stay as they are.</summary>
internal static class ModelfileEscapes
{
    /// <summary>The characters that have an escape in double quotes.</summary>
    internal const string InDoubleQuotes = "\\'\"abfnrtv";

    /// <summary>The characters that have an escape in single quotes.</summary>
    internal const string InSingleQuotes = "\\'";

    /// <param name="escapes">The characters that have an escape.</param>
    internal static string Decode(string text, string escapes)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        StringBuilder plain = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && escapes.Contains(text[i + 1]))
            {
                plain.Append(text[++i] switch
                {
                    'a' => '\a',
                    'b' => '\b',
                    'f' => '\f',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\v',
                    char other => other,
                });
            }
            else
            {
                plain.Append(text[i]);
            }
        }

        return plain.ToString();
    }
}
