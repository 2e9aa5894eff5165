using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.Output.Text;

namespace RkLlama.Output.StructuredJson;

/// <summary>Values that a reply of one word or number means, although it does not have the form of JSON: <c>True.</c>, <c>Yes</c>, <c>1,234</c>, or an enum value in other case.</summary>
internal static partial class ScalarWords
{
    private const int MaxLength = 256;

    /// <summary>Returns the values as JSON. The caller checks which of them the schema allows.</summary>
    /// <param name="root">The root of the schema.</param>
    internal static IEnumerable<string?> Of(string reply, JsonElement root)
    {
        string text = JsonRepair.WithoutFence(reply);
        if (text.Length > MaxLength)
            yield break;
        string word = text.Trim().Trim('*', '"', '`').TrimEnd('.', '!').Trim('*', '"', '`').Trim();
        yield return JsonRepair.RepairScalar(word);
        if (Grouped.IsMatch(word))
            yield return word.Replace(",", "", StringComparison.Ordinal);
        if (word.Equals("yes", StringComparison.OrdinalIgnoreCase) || word.Equals("no", StringComparison.OrdinalIgnoreCase))
            yield return word.Equals("yes", StringComparison.OrdinalIgnoreCase) ? "true" : "false";
        yield return JsonRepair.Quote(word);
        if (SameValue(word, root) is { } value)
            yield return value;
    }

    /// <summary>Returns the only value of an enum that differs from the word in the case of its letters at most; null if there is none.</summary>
    private static string? SameValue(string word, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("enum", out JsonElement values) || values.ValueKind != JsonValueKind.Array)
            return null;
        string[] same =
        [
            .. values.EnumerateArray().Where(static value => value.ValueKind == JsonValueKind.String).Select(static value => value.GetString()!)
                .Where(value => value.Equals(word, StringComparison.OrdinalIgnoreCase)).Take(2),
        ];
        return same is [string only] ? JsonText.Quote(only) : null;
    }

    [GeneratedRegex(@"^-?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Grouped { get; }
}
