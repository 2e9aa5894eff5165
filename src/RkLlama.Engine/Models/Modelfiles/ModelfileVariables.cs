using System.Text;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>
/// Replaces <c>${NAME}</c> and <c>${NAME:-default}</c> with values of earlier keys in the same file. Never uses environment variables: a model must not
/// read or depend on the environment of the service.
/// </summary>
internal sealed class ModelfileVariables(ModelfileSource source, List<string> warnings)
{
    // Without a limit, a few lines that each double the value of the line before would use up the memory.
    private const int MaxExpandedChars = 1 << 20;
    private readonly Dictionary<string, string> _earlier = new(StringComparer.Ordinal);
    private int _expandedChars;

    /// <summary>Returns the entry with its value expanded, and stores the value for later entries.</summary>
    /// <exception cref="ModelfileException">The expanded values are too large.</exception>
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

    /// <summary>Appends the value of the reference at <paramref name="open"/>. If the text there is not a reference, appends the text itself.</summary>
    /// <returns>The offset after the reference.</returns>
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
