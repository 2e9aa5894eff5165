using System.Text;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// Replaces <c>${NAME}</c> and <c>${NAME:-default}</c> with the value of an earlier key in the same file. If no earlier key has the name, uses the default;
/// without a default, uses an empty text and adds a warning. Never uses environment variables: a model must not read or depend on the environment of the
/// service.
/// </summary>
/// <param name="warnings">Receives the warnings.</param>
internal sealed class ModelfileVariables(ModelfileSource source, List<string> warnings)
{
    // Without this limit, a few lines could use up the memory: each line can double the value of the line before.
    private const int MaxExpandedChars = 1 << 20;
    private readonly Dictionary<string, string> _earlier = new(StringComparer.Ordinal);
    private int _expandedChars;

    /// <summary>Returns the entry with its references replaced, and stores the value for later entries.</summary>
    /// <exception cref="ModelfileException">The values with references have more than 2^20 characters together.</exception>
    public ModelfileEntry Expand(ModelfileEntry entry)
    {
        if (entry.Value is not { } value)
        {
            return entry;
        }

        string expanded = entry.Verbatim || !value.Contains("${", StringComparison.Ordinal) ? value : ExpandValue(value, entry);
        _earlier[entry.Key] = expanded;
        return entry with { Value = expanded };
    }

    private string ExpandValue(string value, ModelfileEntry entry)
    {
        StringBuilder expanded = new();
        int at = 0;
        while (at < value.Length)
        {
            int open = value.IndexOf("${", at, StringComparison.Ordinal);
            expanded.Append(value, at, (open < 0 ? value.Length : open) - at);
            if (open < 0)
            {
                break;
            }

            at = ExpandReference(value, open, expanded, entry);
            if (_expandedChars + expanded.Length > MaxExpandedChars)
            {
                throw source.Error(entry.ValueOffset, "the values of this file grow beyond 1 MiB when ${…} is filled in");
            }
        }

        _expandedChars += expanded.Length;
        return expanded.ToString();
    }

    /// <summary>Appends the value of the reference that starts at <paramref name="open"/>. If its syntax is invalid, appends its text unchanged.</summary>
    /// <param name="open">Index of <c>${</c> in <paramref name="value"/>.</param>
    /// <returns>The index after the reference.</returns>
    private int ExpandReference(string value, int open, StringBuilder expanded, ModelfileEntry entry)
    {
        int nameEnd = value.IndexOfAny([':', '}'], open);
        bool hasDefault = nameEnd >= 0 && value[nameEnd] == ':';
        if (hasDefault && (nameEnd + 1 == value.Length || value[nameEnd + 1] != '-'))
        {
            expanded.Append(value, open, nameEnd - open);
            return nameEnd;
        }

        int close = hasDefault ? value.IndexOf('}', nameEnd) : nameEnd;
        if (close < 0)
        {
            expanded.Append(value, open, value.Length - open);
            return value.Length;
        }

        expanded.Append(Lookup(value[(open + 2)..nameEnd], hasDefault ? value[(nameEnd + 2)..close] : null, entry));
        return close + 1;
    }

    private string Lookup(string name, string? fallback, ModelfileEntry entry)
    {
        if (_earlier.TryGetValue(name, out string? value))
        {
            return value;
        }

        if (fallback is null)
        {
            warnings.Add(source.Warning(entry.ValueOffset, $"${{{name}}} is empty: no earlier line of this file sets it, and the environment is never read"));
        }

        return fallback ?? "";
    }
}
