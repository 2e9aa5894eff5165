using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.Prompts;

/// <summary>
/// Prevents prompt injection in prompts that are sent as text. The runtime converts the text of a control token, such as <c>&lt;|im_end|&gt;</c>, to the
/// token, even if the text came with the request. This class inserts a space into such request text, so that it stays plain text.
/// </summary>
/// <param name="literals">The texts of the model's control tokens. Common control tokens are always recognized.</param>
internal sealed partial class ControlTokenGuard(IEnumerable<string> literals)
{
    private readonly string[] _literals = [.. literals.Where(literal => literal.Length > 1).OrderByDescending(literal => literal.Length)];

    // Matches the control tokens of the common model families.
    [GeneratedRegex(@"<\|[^<>|\s]{1,40}\|>|<｜[^<>｜\s]{1,40}｜>|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|<(?:用户|AI)>", RegexOptions.CultureInvariant)]
    private static partial Regex CommonForms { get; }

    /// <summary>Returns the prompt with a space in the text of each control token that contains at least one character of request text.</summary>
    public PromptText Apply(PromptText prompt)
    {
        if (prompt.RequestSpans.Count == 0)
            return prompt;
        SortedSet<int> cuts = [];
        foreach (Match match in CommonForms.Matches(prompt.Text))
            Cut(prompt, match.Index, match.Length, cuts);
        foreach (string literal in _literals)
        {
            for (int at = prompt.Text.IndexOf(literal, StringComparison.Ordinal); at >= 0; at = prompt.Text.IndexOf(literal, at + 1, StringComparison.Ordinal))
                Cut(prompt, at, literal.Length, cuts);
        }
        return cuts.Count == 0 ? prompt : Insert(prompt, cuts);
    }

    private static void Cut(PromptText prompt, int start, int length, SortedSet<int> cuts)
    {
        if (prompt.RequestSpans.Any(span => span.Start < start + length && start < span.End))
            cuts.Add(start + 1);
    }

    private static PromptText Insert(PromptText prompt, SortedSet<int> cuts)
    {
        StringBuilder text = new(prompt.Text.Length + cuts.Count);
        int from = 0;
        foreach (int cut in cuts)
        {
            text.Append(prompt.Text, from, cut - from).Append(' ');
            from = cut;
        }
        text.Append(prompt.Text, from, prompt.Text.Length - from);
        PromptSpan[] spans = [.. prompt.RequestSpans.Select(span => new PromptSpan(
            span.Start + cuts.Count(cut => cut < span.Start), span.End + cuts.Count(cut => cut < span.End)))];
        return new(text.ToString(), spans);
    }
}
