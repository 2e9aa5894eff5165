using System.Buffers;
using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers;

/// <summary>A segment of a text: an added token with the white space that belongs to it, or the text between two added tokens.</summary>
/// <param name="Range">The range of the segment in the text.</param>
/// <param name="TokenId">The id of the added token; -1 for other text.</param>
internal readonly record struct AddedSegment(TextRange Range, int TokenId);

/// <summary>
/// Finds added tokens in a text, from left to right. If several tokens match at the same position, the longest one counts. A match never contains request
/// text. Immutable; safe for concurrent use. The time is at most proportional to the length of the text times the length of the longest token.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private const int Root = 0;

    // The number of characters that are compared between two checks of the processor time and of cancellation.
    private const int ComparisonsPerCheck = 64 * 1024;

    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<AddedToken?> _tokens = [null];
    private readonly SearchValues<char> _firstUnits;

    /// <param name="tokens">The tokens, each with the text to look for. If two texts are equal, the first token counts.</param>
    public AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> tokens)
    {
        foreach ((string text, AddedToken token) in tokens)
        {
            int node = Root;
            foreach (char unit in text)
                node = Child(node, unit);
            if (node != Root)
                _tokens[node] ??= token;
        }
        _firstUnits = SearchValues.Create([.. _edges.Keys.Where(edge => edge.Node == Root).Select(edge => edge.Next)]);
    }

    public bool IsEmpty => _edges.Count == 0;

    /// <summary>Splits a text into segments and appends them to the list, in order.</summary>
    /// <exception cref="TokenizerException">The search takes too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public void Split(TextBuffer buffer, List<AddedSegment> segments, CpuBudget budget)
    {
        int comparisons = 0;
        ReadOnlySpan<char> text = buffer.Text;
        int covered = 0;
        int search = 0;
        int spaceEnd = 0;
        while (Find(buffer, search, budget, ref comparisons, out TextRange match) is { } token)
        {
            search = match.End;
            if (token.SingleWord && !StandsAlone(text, match))
                continue;
            int start = match.Start;
            int end = match.End;
            while (token.LeftStrip && start > covered && char.IsWhiteSpace(text[start - 1]))
                start--;
            if (token.RightStrip)
                end = spaceEnd = EndOfSpace(text, Math.Max(end, spaceEnd));
            if (covered < start)
                segments.Add(new AddedSegment(new TextRange(covered, start), -1));
            segments.Add(new AddedSegment(new TextRange(start, end), token.Id));
            covered = end;
        }
        if (covered < text.Length)
            segments.Add(new AddedSegment(new TextRange(covered, text.Length), -1));
    }

    private AddedToken? Find(TextBuffer buffer, int from, CpuBudget budget, ref int comparisons, out TextRange match)
    {
        ReadOnlySpan<char> text = buffer.Text;
        while (true)
        {
            int offset = text[from..].IndexOfAny(_firstUnits);
            if (offset < 0)
                break;
            from += offset;
            AddedToken? token = Longest(buffer, from, ref comparisons, out int end);
            if (comparisons >= ComparisonsPerCheck)
            {
                TokenizerException.ThrowIfExceeded(budget);
                comparisons = 0;
            }
            if (token is not null)
            {
                match = new TextRange(from, end);
                return token;
            }
            from++;
        }
        match = default;
        return null;
    }

    private AddedToken? Longest(TextBuffer buffer, int start, ref int comparisons, out int end)
    {
        ReadOnlySpan<char> text = buffer.Text;
        AddedToken? longest = null;
        end = start;
        int node = Root;
        comparisons++;
        for (int i = start; i < text.Length && !buffer.IsFromRequest(i) && _edges.TryGetValue((node, text[i]), out node); i++)
        {
            comparisons++;
            if (_tokens[node] is not { } token)
                continue;
            longest = token;
            end = i + 1;
        }
        return longest;
    }

    private int Child(int node, char unit)
    {
        if (!_edges.TryGetValue((node, unit), out int child))
        {
            child = _tokens.Count;
            _edges.Add((node, unit), child);
            _tokens.Add(null);
        }
        return child;
    }

    private static bool StandsAlone(ReadOnlySpan<char> text, TextRange match) =>
        (match.Start == 0 || !CodePoints.IsWord(CodePoints.Before(text, match.Start, out _)))
        && (match.End == text.Length || !CodePoints.IsWord(CodePoints.At(text, match.End, out _)));

    private static int EndOfSpace(ReadOnlySpan<char> text, int index)
    {
        while (index < text.Length && char.IsWhiteSpace(text[index]))
            index++;
        return index;
    }
}
