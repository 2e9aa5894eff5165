namespace RkLlama.Output.StructuredJson;

/// <summary>Models forget the backslash before a quote inside of a string.</summary>
internal static class JsonQuotes
{
    // Signs that cannot follow a string in JSON, but may follow a quote in a text or in code.
    private const string Signs = ".!?-$%&*@^|~(>";

    /// <summary>Returns whether a quote is part of a string, not its end. It is if a letter or such a sign follows, or the quote that may be the end.</summary>
    /// <param name="next">The next character after the quote that is no blank.</param>
    /// <param name="isAdjacent">Whether no blanks are between the two.</param>
    /// <param name="isEmpty">Whether the string has no characters before the quote.</param>
    /// <param name="quote">The quote.</param>
    internal static bool IsInside(char next, bool isAdjacent, bool isEmpty, char quote) =>
        char.IsLetter(next) || (isAdjacent && !isEmpty && (next == quote || Signs.Contains(next, StringComparison.Ordinal) || char.IsDigit(next)));
}
