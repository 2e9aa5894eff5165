namespace RkLlama.Cli.Chat;

/// <summary>A text of several lines between triple quotes, as a message or behind <c>/set system</c>.</summary>
internal static class MultiLine
{
    internal const string Quotes = "\"\"\"";

    /// <summary>Whether the lines so far begin a text in triple quotes that is not closed.</summary>
    internal static bool IsOpen(string text)
    {
        string? inner = Inner(text);
        return inner is not null && !inner.TrimEnd().EndsWith(Quotes, StringComparison.Ordinal);
    }

    /// <summary>Returns a message without the triple quotes around it.</summary>
    internal static string Unquote(string text)
    {
        if (!text.StartsWith(Quotes, StringComparison.Ordinal))
            return text;
        string inner = text[Quotes.Length..].TrimEnd();
        return (inner.EndsWith(Quotes, StringComparison.Ordinal) ? inner[..^Quotes.Length] : inner).Trim('\n');
    }

    /// <summary>Returns the text behind the opening quotes; <see langword="null"/> if there are none.</summary>
    private static string? Inner(string text)
    {
        if (text.StartsWith(Quotes, StringComparison.Ordinal))
            return text[Quotes.Length..];
        return SlashCommand.Parse(text) is { Name: "/set" } set && set.Rest.StartsWith("system", StringComparison.Ordinal) && set.Rest["system".Length..].TrimStart() is var value && value.StartsWith(Quotes, StringComparison.Ordinal)
            ? value[Quotes.Length..]
            : null;
    }
}
