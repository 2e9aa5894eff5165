using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.Architecture.Tests.Documents;

/// <summary>A part of a document.</summary>
/// <param name="Line">The number of its line, from 1.</param>
internal sealed record Occurrence(int Line, string Text);

/// <summary>The parts of a Markdown file that refer to other files. Fenced code blocks are not read.</summary>
internal sealed partial class MarkdownDocument
{
    private MarkdownDocument(List<Occurrence> prose)
    {
        // Code spans are removed before links are read: `[x](y)` in backticks is an example, not a link.
        Links = [.. prose.SelectMany(static line => LinksOf(line with { Text = CodeSpan.Replace(line.Text, "") }))];
        CodeSpans = [.. prose.SelectMany(static line => CodeSpan.Matches(line.Text).Select(match => line with { Text = match.Groups["code"].Value }))];
        Anchors = AnchorsOf(prose.Select(static line => line.Text));
    }

    /// <summary>Targets of links and images, without titles.</summary>
    internal IReadOnlyList<Occurrence> Links { get; }

    /// <summary>Texts in backticks.</summary>
    internal IReadOnlyList<Occurrence> CodeSpans { get; }

    /// <summary>The anchors of the headings, as GitHub names them.</summary>
    internal IReadOnlySet<string> Anchors { get; }

    internal static MarkdownDocument Parse(string text)
    {
        List<Occurrence> prose = [];
        string? fence = null;
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            string marker = Fence.Match(line).Groups["marker"].Value;
            if (fence is null && marker.Length > 0)
                fence = marker;
            else if (fence is not null && marker.StartsWith(fence, StringComparison.Ordinal))
                fence = null;
            else if (fence is null)
                prose.Add(new(number, line.TrimEnd('\r')));
        }

        return new(prose);
    }

    private static IEnumerable<Occurrence> LinksOf(Occurrence line) =>
        InlineLink.Matches(line.Text).Concat(ReferenceDefinition.Matches(line.Text)).Select(match => line with { Text = match.Groups["target"].Value.Trim('<', '>') });

    private static HashSet<string> AnchorsOf(IEnumerable<string> lines)
    {
        HashSet<string> anchors = new(StringComparer.Ordinal);
        foreach (string heading in lines.Select(static line => Heading.Match(line)).Where(static match => match.Success).Select(static match => match.Groups["text"].Value))
        {
            string anchor = AnchorOf(heading);
            string unique = anchor;
            for (int copy = 1; !anchors.Add(unique); copy++)
                unique = $"{anchor}-{copy}";
        }

        return anchors;
    }

    /// <summary>Returns the anchor: lower case, hyphens for blanks, no punctuation. A link is replaced by its text.</summary>
    private static string AnchorOf(string heading)
    {
        StringBuilder anchor = new();
        foreach (char character in LinkText.Replace(heading, "${text}"))
        {
            if (char.IsLetterOrDigit(character) || character is '-' or '_')
                anchor.Append(char.ToLowerInvariant(character));
            else if (character == ' ')
                anchor.Append('-');
        }

        return anchor.ToString();
    }

    [GeneratedRegex("^ {0,3}(?<marker>`{3,}|~{3,})|^\\s+(?<marker>`{3,}|~{3,})")]
    private static partial Regex Fence { get; }

    [GeneratedRegex("(?<ticks>`+)(?<code>.+?)(?<!`)\\k<ticks>(?!`)")]
    private static partial Regex CodeSpan { get; }

    [GeneratedRegex("\\]\\(\\s*(?<target><[^>]*>|[^\\s()]+)(?:\\s+\"[^\"]*\")?\\s*\\)")]
    private static partial Regex InlineLink { get; }

    [GeneratedRegex("^ {0,3}\\[[^\\]]+\\]:\\s*(?<target>\\S+)")]
    private static partial Regex ReferenceDefinition { get; }

    [GeneratedRegex("^ {0,3}#{1,6}\\s+(?<text>.*?)\\s*#*$")]
    private static partial Regex Heading { get; }

    [GeneratedRegex("\\[(?<text>[^\\]]*)\\]\\([^)]*\\)")]
    private static partial Regex LinkText { get; }
}
