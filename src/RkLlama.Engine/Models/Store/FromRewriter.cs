using System.Text.RegularExpressions;
using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models.Store;

/// <summary>Changes FROM in the text of a Modelfile.</summary>
internal static partial class FromRewriter
{
    [GeneratedRegex(@"^[ \t]*(?:export[ \t]+)?FROM(?:[ \t]*=|[ \t]).*?(?=\r?$)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex FromLine { get; }

    /// <summary>Returns the text with another value of FROM, and without other changes.</summary>
    /// <param name="from">The new value.</param>
    /// <returns><see langword="null"/> if the text cannot be changed in this way, for example because FROM has a value of several lines.</returns>
    internal static string? Rewrite(string text, string from)
    {
        string line = $"FROM=\"{from.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
        string changed = FromLine.Replace(text, _ => line);
        try
        {
            // Checks the result, because the pattern does not cover all forms of a Modelfile.
            Modelfile expected = ModelfileReader.Parse(text) with { From = from, Warnings = [] };
            return ModelfileReader.Parse(changed) with { Warnings = expected.Warnings } == expected ? changed : null;
        }
        catch (ModelfileException)
        {
            return null;
        }
    }
}
