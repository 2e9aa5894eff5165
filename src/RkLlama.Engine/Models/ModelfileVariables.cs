using System.Text;

namespace RkLlama.Engine.Models;

/// <summary>
/// Fills in <c>${NAME}</c> and <c>${NAME:-default}</c> from earlier keys of the same file. Never from the environment: a
/// model must not see, nor depend on, what the service was started with.
/// </summary>
internal sealed class ModelfileVariables(ModelfileSource source, List<string> warnings)
{
    // A few lines that double each other would otherwise fill the memory.
    private const int MaxFilledChars = 1 << 20;
    private readonly Dictionary<string, string> _earlier = new(StringComparer.Ordinal);
    private int _filledChars;

    /// <summary>Returns the entry with its value filled in, and remembers it for the entries below.</summary>
    /// <exception cref="ModelfileException">The values grow without measure.</exception>
    public ModelfileEntry Fill(ModelfileEntry entry)
    {
        if (entry.Value is not { } value)
        {
            return entry;
        }

        string filled = entry.Verbatim || !value.Contains("${", StringComparison.Ordinal) ? value : FillIn(value, entry);
        _earlier[entry.Key] = filled;
        return entry with { Value = filled };
    }

    private string FillIn(string value, ModelfileEntry entry)
    {
        StringBuilder filled = new();
        int at = 0;
        while (at < value.Length)
        {
            int open = value.IndexOf("${", at, StringComparison.Ordinal);
            filled.Append(value, at, (open < 0 ? value.Length : open) - at);
            if (open < 0)
            {
                break;
            }

            at = FillReference(value, open, filled, entry);
            if (_filledChars + filled.Length > MaxFilledChars)
            {
                throw source.Error(entry.ValueOffset, "the values of this file grow beyond 1 MiB when ${…} is filled in");
            }
        }

        _filledChars += filled.Length;
        return filled.ToString();
    }

    /// <summary>Appends what stands for the reference at <paramref name="open"/>, or its text when it is none; returns where to go on.</summary>
    private int FillReference(string value, int open, StringBuilder filled, ModelfileEntry entry)
    {
        int nameEnd = value.IndexOfAny([':', '}'], open);
        bool hasDefault = nameEnd >= 0 && value[nameEnd] == ':';
        if (hasDefault && (nameEnd + 1 == value.Length || value[nameEnd + 1] != '-'))
        {
            filled.Append(value, open, nameEnd - open);
            return nameEnd;
        }

        int close = hasDefault ? value.IndexOf('}', nameEnd) : nameEnd;
        if (close < 0)
        {
            filled.Append(value, open, value.Length - open);
            return value.Length;
        }

        filled.Append(Lookup(value[(open + 2)..nameEnd], hasDefault ? value[(nameEnd + 2)..close] : null, entry));
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
