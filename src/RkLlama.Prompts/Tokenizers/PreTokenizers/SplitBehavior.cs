using RkLlama.Prompts.Tokenizers.Patterns;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.PreTokenizers;

/// <summary>What happens to the matches of a pattern when a text is split at them.</summary>
internal enum SplitBehavior
{
    /// <summary>Matches are dropped.</summary>
    Removed,

    /// <summary>Each match is a piece.</summary>
    Isolated,

    /// <summary>Each match is added to the end of the piece before it.</summary>
    MergedWithPrevious,

    /// <summary>Each match is added to the start of the piece after it.</summary>
    MergedWithNext,

    /// <summary>Each sequence of adjacent matches is a piece.</summary>
    Contiguous,
}

internal static class SplitBehaviors
{
    /// <summary>Parses the name of a behavior in a tokenizer file.</summary>
    public static SplitBehavior Parse(string name) => name switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        _ => throw TokenizerException.Unsupported($"the split behavior {name}"),
    };

    /// <summary>
    /// Splits a text and appends the resulting pieces to a list, except empty ones.
    /// </summary>
    /// <param name="matches">The result of <see cref="TextPattern.FindAll"/> for the text.</param>
    /// <param name="offset">A number that is added to the start and the end of each piece.</param>
    public static void AddPieces(this SplitBehavior behavior, List<TextMatch> matches, int offset, List<TextRange> pieces)
    {
        switch (behavior)
        {
            case SplitBehavior.Removed:
                foreach (TextMatch match in matches)
                {
                    if (!match.IsMatch)
                        Add(match.Start, match.End);
                }
                break;
            case SplitBehavior.Isolated:
                foreach (TextMatch match in matches)
                    Add(match.Start, match.End);
                break;
            case SplitBehavior.MergedWithNext:
                AddMergedWithNext(matches, offset, pieces);
                break;
            default:
                AddMergedWithPrevious(behavior == SplitBehavior.Contiguous, matches, offset, pieces);
                break;
        }

        void Add(int start, int end)
        {
            if (start < end)
                pieces.Add(new TextRange(start + offset, end + offset));
        }
    }

    /// <summary>
    /// Adds the pieces of <see cref="SplitBehavior.MergedWithPrevious"/>, or of <see cref="SplitBehavior.Contiguous"/> if <paramref name="contiguous"/> is
    /// true.
    /// </summary>
    private static void AddMergedWithPrevious(bool contiguous, List<TextMatch> matches, int offset, List<TextRange> pieces)
    {
        int first = pieces.Count;
        bool previous = false;
        foreach (TextMatch match in matches)
        {
            bool joins = contiguous ? match.IsMatch == previous : match.IsMatch && !previous;
            previous = match.IsMatch;
            if (joins && pieces.Count > first)
                pieces[^1] = pieces[^1] with { End = match.End + offset };
            else
                pieces.Add(new TextRange(match.Start + offset, match.End + offset));
        }
        RemoveEmpty(pieces, first);
    }

    private static void AddMergedWithNext(List<TextMatch> matches, int offset, List<TextRange> pieces)
    {
        int first = pieces.Count;
        bool next = false;
        for (int i = matches.Count - 1; i >= 0; i--)
        {
            TextMatch match = matches[i];
            bool joins = match.IsMatch && !next;
            next = match.IsMatch;
            if (joins && pieces.Count > first)
                pieces[^1] = pieces[^1] with { Start = match.Start + offset };
            else
                pieces.Add(new TextRange(match.Start + offset, match.End + offset));
        }
        pieces.Reverse(first, pieces.Count - first);
        RemoveEmpty(pieces, first);
    }

    /// <summary>
    /// Removes empty pieces, from the index <paramref name="first"/> on. They are removed only at the end, because an empty match still separates the pieces
    /// before and after it.
    /// </summary>
    private static void RemoveEmpty(List<TextRange> pieces, int first)
    {
        int kept = first;
        for (int i = first; i < pieces.Count; i++)
        {
            if (pieces[i].Length > 0)
                pieces[kept++] = pieces[i];
        }
        pieces.RemoveRange(kept, pieces.Count - kept);
    }
}
