using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// A regular expression that matches as in Hugging Face's tokenizers library. <c>System.Text.RegularExpressions</c> is not used, because it matches UTF-16
/// units (it recognizes no letters beyond U+FFFF) and interprets nested character classes, <c>$</c> and <c>{1,3}+</c> differently.
/// </summary>
internal sealed class RegexPattern : TextPattern
{
    private readonly PatternInstruction[] _program;
    private readonly CharacterSet? _first;

    private RegexPattern(PatternNode root)
    {
        _program = PatternCompiler.Compile(root);
        _first = PatternCompiler.FirstOf(root);
    }

    /// <summary>Parses an expression.</summary>
    /// <exception cref="TokenizerException">The expression is not valid, not supported, or exceeds <see cref="PatternLimits"/>.</exception>
    public static RegexPattern Parse(string expression) => new(PatternParser.Parse(expression));

    public override void FindAll(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        var matcher = new PatternMatcher(_program, text);
        try
        {
            FindAll(text, ref matcher, matches);
        }
        finally
        {
            matcher.Dispose();
        }
    }

    private void FindAll(ReadOnlySpan<char> text, scoped ref PatternMatcher matcher, List<TextMatch> matches)
    {
        int from = 0;
        int covered = 0;
        int lastEnd = -1;
        while (from <= text.Length)
        {
            (int start, int end) = FindNext(text, from, ref matcher);
            if (start < 0)
                break;
            if (end == start && end == lastEnd)
            {
                // An empty match directly at the end of the previous match does not count. The search continues after the next code point.
                if (end == text.Length)
                    break;
                CodePoints.At(text, end, out int length);
                from = end + length;
                continue;
            }
            if (covered < start)
                matches.Add(new TextMatch(covered, start, false));
            matches.Add(new TextMatch(start, end, true));
            covered = from = lastEnd = end;
        }
        if (covered < text.Length)
            matches.Add(new TextMatch(covered, text.Length, false));
    }

    private (int Start, int End) FindNext(ReadOnlySpan<char> text, int from, scoped ref PatternMatcher matcher)
    {
        while (from <= text.Length)
        {
            if (from == text.Length && _first is not null)
                break;
            int length = 1;
            if (from == text.Length || _first is null || _first.Contains(CodePoints.At(text, from, out length)))
            {
                int end = matcher.Match(from);
                if (end >= 0)
                    return (from, end);
            }
            from = AfterFailure(text, from, length);
        }
        return (-1, -1);
    }

    /// <summary>
    /// Returns the next position to try if there is no match at <paramref name="from"/>. If an expression that begins with <c>x+</c> or <c>x*</c> does not
    /// match at the start of a sequence of x, it matches at no later position of this sequence, so the sequence is skipped. With this rule, the time to match
    /// <c>\s+$</c> is linear, even for a megabyte of spaces.
    /// </summary>
    private int AfterFailure(ReadOnlySpan<char> text, int from, int length)
    {
        PatternInstruction head = _program[0];
        int next = from + length;
        if (head is not { Operation: PatternOperation.SetLoop, Mode: RepeatMode.Greedy, Min: <= 1, Max: PatternNode.Repeat.Unbounded }
            || from == text.Length || !head.Set!.Contains(CodePoints.At(text, from, out _)))
        {
            return next;
        }
        while (next < text.Length && head.Set.Contains(CodePoints.At(text, next, out length)))
            next += length;
        return next;
    }
}
