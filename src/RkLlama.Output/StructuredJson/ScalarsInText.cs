using System.Text.RegularExpressions;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// The values in a sentence, such as <c>The answer is "red".</c>. A sentence may mention a value that it does not mean, so only a marked value can be the
/// answer. Any other value makes the sentence ambiguous.
/// </summary>
/// <param name="Marked">As JSON: texts in quotes, backticks or bold type, numbers, <c>true</c>, <c>false</c> and <c>null</c>.</param>
/// <param name="Words">As JSON: all other words of the sentence.</param>
internal sealed partial record ScalarsInText(IReadOnlyCollection<string> Marked, IReadOnlyCollection<string> Words)
{
    // A longer text is not an answer with one value.
    private const int MaxWords = 256;

    // The alternatives for quotes come first, so that a number in quotes is a text.
    [GeneratedRegex(
        """
        "(?<text>[^"\n]+)" | “(?<text>[^”\n]+)” | `(?<text>[^`\n]+)` | \*\*(?<text>[^*\n]+)\*\* | (?<!\w)'(?<text>[^'\n]+)'(?!\w)
        | (?<![\w.,+-])(?<json>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w%]|[.,][0-9]) | \b(?<json>true|false|null)\b
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Mark { get; }

    [GeneratedRegex(@"[\w-]+", RegexOptions.CultureInvariant)]
    private static partial Regex Word { get; }

    /// <summary>Finds the values of a reply; null if it is too long.</summary>
    internal static ScalarsInText? Find(string reply)
    {
        HashSet<string> words = new(StringComparer.Ordinal), marked = new(StringComparer.Ordinal);
        foreach (Match word in Word.Matches(Mark.Replace(reply, " ")))
        {
            if (words.Count == MaxWords)
                return null;
            if (JsonRepair.Quote(word.Value) is { } value)
                words.Add(value);
        }

        foreach (Match match in Mark.Matches(reply))
        {
            // A text in quotes may be a number or a boolean, too.
            string?[] forms = match.Groups["json"] is { Success: true } json
                ? [json.Value]
                : [JsonRepair.Quote(match.Groups["text"].Value), JsonRepair.RepairScalar(match.Groups["text"].Value)];
            marked.UnionWith(forms.OfType<string>());
        }

        return new(marked, words);
    }
}
