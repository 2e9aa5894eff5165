namespace RkLlama.Engine.Diagnostics;

/// <summary>Limits the length of text from clients in errors and log lines.</summary>
internal static class Excerpt
{
    /// <summary>Maximum number of characters (UTF-16 code units) of an excerpt, without the ellipsis.</summary>
    internal const int MaxLength = 200;

    /// <summary>Returns the text, or its first <see cref="MaxLength"/> characters and an ellipsis. Does not split a surrogate pair.</summary>
    internal static string Of(string? text) => text switch
    {
        null => "",
        { Length: <= MaxLength } => text,
        _ => string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength), "…"),
    };
}
