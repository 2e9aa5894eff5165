using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.Prompts;

/// <summary>
/// Prevents prompt injection in prompts that are sent as text. The runtime converts the text of a control token, such as <c>&lt;|im_end|&gt;</c>, to the
/// token, even if the text came with the request. This class inserts a space into such request text, so that it stays plain text. The time is proportional to
/// the length of the prompt. Immutable; safe for concurrent use.
/// </summary>
internal sealed partial class ControlTokenGuard
{
    private readonly SearchValues<string> _literals;
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _texts;

    // The different lengths of the literals, longest first.
    private readonly int[] _lengths;

    /// <param name="literals">The texts of the model's control tokens. Common control tokens are always recognized.</param>
    public ControlTokenGuard(IEnumerable<string> literals)
    {
        HashSet<string> texts = literals.Where(literal => literal.Length > 1).ToHashSet(StringComparer.Ordinal);
        _literals = SearchValues.Create([.. texts], StringComparison.Ordinal);
        _texts = texts.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengths = [.. texts.Select(text => text.Length).Distinct().OrderDescending()];
    }

    // Matches the control tokens of the common model families.
    [GeneratedRegex(@"<\|[^<>|\s]{1,40}\|>|<｜[^<>｜\s]{1,40}｜>|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|<(?:用户|AI)>", RegexOptions.CultureInvariant)]
    private static partial Regex CommonForms { get; }

    /// <summary>Returns the prompt with a space in the text of each control token that contains at least one character of request text.</summary>
    public PromptText Apply(PromptText prompt)
    {
        if (prompt.RequestSpans.Count == 0)
            return prompt;
        List<int> cuts = [];
        FindCommonForms(prompt, cuts);
        FindLiterals(prompt, cuts);
        if (cuts.Count == 0)
            return prompt;
        cuts.Sort();
        return Insert(prompt, cuts);
    }

    private static void FindCommonForms(PromptText prompt, List<int> cuts)
    {
        int span = 0;
        foreach (ValueMatch match in CommonForms.EnumerateMatches(prompt.Text))
            Cut(prompt, match.Index, match.Length, ref span, cuts);
    }

    private void FindLiterals(PromptText prompt, List<int> cuts)
    {
        ReadOnlySpan<char> text = prompt.Text;
        int span = 0;
        for (int start = 0; text[start..].IndexOfAny(_literals) is >= 0 and var offset; start++)
        {
            start += offset;
            foreach (int length in _lengths)
            {
                if (length <= text.Length - start && _texts.Contains(text.Slice(start, length)))
                {
                    Cut(prompt, start, length, ref span, cuts);
                    break;
                }
            }
        }
    }

    /// <summary>Adds a cut after the first character of a control token if the token contains request text. Called in ascending order of the start.</summary>
    /// <param name="span">The index of the first request span that ends after the start of the previous token. Advanced to that of this token.</param>
    private static void Cut(PromptText prompt, int start, int length, ref int span, List<int> cuts)
    {
        while (span < prompt.RequestSpans.Count && prompt.RequestSpans[span].End <= start)
            span++;
        if (span < prompt.RequestSpans.Count && prompt.RequestSpans[span].Start < start + length)
            cuts.Add(start + 1);
    }

    /// <param name="cuts">The positions of the spaces, in ascending order. A position that occurs twice gets one space.</param>
    private static PromptText Insert(PromptText prompt, List<int> cuts)
    {
        StringBuilder text = new(prompt.Text.Length + cuts.Count);
        List<PromptSpan> spans = new(prompt.RequestSpans.Count);
        int from = 0, added = 0, next = 0;
        foreach (PromptSpan span in prompt.RequestSpans)
        {
            int start = span.Start + AddBefore(span.Start);
            spans.Add(new(start, span.End + AddBefore(span.End)));
        }

        AddBefore(int.MaxValue);
        text.Append(prompt.Text, from, prompt.Text.Length - from);
        return new(text.ToString(), spans);

        // Writes the text up to the last cut before the position, and returns the number of spaces so far.
        int AddBefore(int position)
        {
            for (; next < cuts.Count && cuts[next] < position; next++)
            {
                if (next > 0 && cuts[next] == cuts[next - 1])
                    continue;
                text.Append(prompt.Text, from, cuts[next] - from).Append(' ');
                from = cuts[next];
                added++;
            }

            return added;
        }
    }
}
