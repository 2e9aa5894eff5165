using RkLlama.Engine.Models.Modelfiles;

namespace RkLlama.Engine.Models.Store;

/// <summary>Changes paths in the text of a Modelfile, whatever its syntax.</summary>
internal static class ModelfileRewriter
{
    /// <summary>Returns the text with another value of FROM, and without other changes.</summary>
    /// <param name="from">The new value.</param>
    /// <returns><see langword="null"/> if the text cannot be changed in this way, for example because its syntax cannot express the value.</returns>
    internal static string? SetFrom(string text, string from) => Set(text, "FROM", from, before => before with { From = from });

    /// <summary>Returns the text with another value of TOKENIZER, and without other changes.</summary>
    /// <param name="tokenizer">The new value.</param>
    /// <inheritdoc cref="SetFrom" path="/returns"/>
    internal static string? SetTokenizer(string text, string tokenizer) => Set(text, "TOKENIZER", tokenizer, before => before with { Tokenizer = tokenizer });

    private static string? Set(string text, string key, string value, Func<Modelfile, Modelfile> change)
    {
        text = text.TrimStart('\uFEFF');
        if (Parse(text) is not { } before || ModelfileReader.FindValue(text, key) is not var (start, end))
            return null;
        Modelfile expected = change(before);
        string escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

        // Checks the result, because the syntaxes have different escapes. Ollama's has none.
        return ((string[])[$"\"{escaped}\"", $"\"{value}\"", value])
            .Select(written => string.Concat(text.AsSpan(0, start), written, text.AsSpan(end)))
            .FirstOrDefault(changed => Parse(changed) is { } after && after with { Warnings = expected.Warnings } == expected);
    }

    private static Modelfile? Parse(string text)
    {
        try
        {
            return ModelfileReader.Parse(text);
        }
        catch (ModelfileException)
        {
            return null;
        }
    }
}
