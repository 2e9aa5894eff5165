namespace RkLlama.Prompts.Jinja;

/// <summary>
/// Searches for a text in another one. The time is proportional to the product of both lengths in the worst case, so the budget is checked at short intervals.
/// </summary>
internal static class TextSearch
{
    // The maximum number of characters that are compared between two checks of the budget.
    private const int MaxComparisons = 1 << 20;

    /// <summary>Returns the index of the first occurrence; −1 if there is none.</summary>
    /// <param name="start">The index at which the search begins.</param>
    /// <exception cref="TemplateException">The rendering exceeds its processor time.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public static int IndexOf(ReadOnlySpan<char> text, ReadOnlySpan<char> search, RenderBudget budget, int start = 0)
    {
        while (NextPositions(text.Length - start, search.Length, budget) is > 0 and var positions)
        {
            int at = text.Slice(start, positions + search.Length - 1).IndexOf(search);
            if (at >= 0)
                return start + at;
            start += positions;
        }

        return -1;
    }

    /// <summary>Returns the index of the last occurrence; −1 if there is none.</summary>
    /// <inheritdoc cref="IndexOf"/>
    public static int LastIndexOf(ReadOnlySpan<char> text, ReadOnlySpan<char> search, RenderBudget budget)
    {
        int end = text.Length;
        while (NextPositions(end, search.Length, budget) is > 0 and var positions)
        {
            int start = end - search.Length - positions + 1;
            int at = text[start..end].LastIndexOf(search);
            if (at >= 0)
                return start + at;
            end -= positions;
        }

        return -1;
    }

    /// <summary>Returns the number of occurrences that do not overlap. The search text must not be empty.</summary>
    /// <inheritdoc cref="IndexOf"/>
    public static int Count(ReadOnlySpan<char> text, ReadOnlySpan<char> search, RenderBudget budget)
    {
        int count = 0;
        for (int at = 0; (at = IndexOf(text, search, budget, at)) >= 0; at += search.Length)
            count++;
        return count;
    }

    /// <summary>Returns at how many positions to search next, and counts this in the budget. 0 if the search text is longer than the rest.</summary>
    private static int NextPositions(int length, int searchLength, RenderBudget budget)
    {
        int positions = Math.Clamp(MaxComparisons / Math.Max(1, searchLength), 1, Math.Max(1, length - searchLength + 1));
        if (length < searchLength)
            return 0;
        budget.Read(positions + ((long)positions * searchLength / 16));
        return positions;
    }
}
