using System.Collections.Frozen;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// The names of the tools that a request offers. Models write a name with prefixes, blanks, the backslashes of Markdown, or another sign between a namespace
/// and the name: <c>fs.read</c> for <c>fs_read</c>.
/// </summary>
/// <param name="names">Null accepts every name.</param>
internal sealed class ToolNames(IReadOnlySet<string>? names)
{
    /// <summary>The maximum length of a name as the model writes it.</summary>
    internal const int MaxLength = 256;

    /// <summary>Namespaces that models put before the name, as in the tool lists of prompts of other families.</summary>
    private static readonly string[] Prefixes = ["functions.", "functions_", "function.", "tools.", "tool.", "default_api.", "call:"];

    // The signs between a name and the number of the call.
    private static readonly char[] NumberSigns = [':', '!', '#'];

    private readonly string[] _sorted = names is null ? [] : [.. names.Order(StringComparer.Ordinal)];
    private readonly Dictionary<char, bool> _starts = [];
    private readonly NamespacedNames _namespaced = new(names ?? FrozenSet<string>.Empty);

    internal bool AcceptsAny => names is null;

    /// <summary>Returns the offered name that the model means; null if there is none.</summary>
    /// <param name="allowsNamespace">Whether a namespace may be before the name that the request does not know.</param>
    internal string? Resolve(string name, bool allowsNamespace = false)
    {
        if (names?.Contains(name) == true)
            return name;
        string plain = WithoutPrefix(Plain(name).TrimEnd());
        plain = WithoutCallNumber(plain.EndsWith("()", StringComparison.Ordinal) ? plain[..^2] : plain);
        if (plain.Length == 0)
            return null;
        if (names?.Contains(plain) != false)
            return plain;
        return _namespaced.Find(plain) ?? (allowsNamespace && NamespacedNames.LastPart(plain) is { } last && names.Contains(last) ? last : null);
    }

    /// <summary>Returns whether an offered name, as the model writes it, may begin with the text.</summary>
    internal bool MayBecome(string text)
    {
        string plain = Plain(text);
        return names is null
            || IsStart(plain)
            || Array.Exists(Prefixes, prefix => prefix.StartsWith(plain, StringComparison.Ordinal))
            || IsStart(WithoutPrefix(plain))
            || (plain.AsSpan().ContainsAny(NumberSigns) && IsStart(WithoutPrefix(WithoutCallNumber(plain))))
            || _namespaced.MayBecome(WithoutPrefix(WithoutCallNumber(plain)));
    }

    /// <summary>Returns whether an offered name, as the model writes it, may begin with the character.</summary>
    internal bool MayStartWith(char c)
    {
        if (!_starts.TryGetValue(c, out bool isStart))
            _starts[c] = isStart = MayBecome(c.ToString());
        return isStart;
    }

    /// <summary>Returns whether the text may be a namespace, or a part of one. The name of any tool may follow it.</summary>
    internal static bool MayBeNamespace(string text) =>
        text.TrimStart() is [var first, ..] plain && char.IsAsciiLetter(first) && plain.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/' or ':');

    /// <summary>Returns whether the text has the form of the name of a tool.</summary>
    internal static bool IsIdentifier(string text) =>
        text.Length is > 0 and <= MaxLength && (char.IsAsciiLetter(text[0]) || text[0] == '_') && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    /// <summary>Removes blanks at the start, and the backslashes with which Markdown escapes an underscore.</summary>
    private static string Plain(string name) => name.TrimStart().Replace("\\", "", StringComparison.Ordinal);

    private static string WithoutPrefix(string name) =>
        Array.Find(Prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)) is { } found ? name[found.Length..].TrimStart() : name;

    /// <summary>Removes the number of the call that some models write after the name, as in <c>functions.f:0</c> and <c>f!0</c>.</summary>
    private static string WithoutCallNumber(string name)
    {
        int colon = name.LastIndexOfAny(NumberSigns);
        return colon > 0 && !name.AsSpan(colon + 1).ContainsAnyExceptInRange('0', '9') ? name[..colon] : name;
    }

    private bool IsStart(string text)
    {
        int index = Array.BinarySearch(_sorted, text, StringComparer.Ordinal);
        index = index < 0 ? ~index : index;
        return index < _sorted.Length && _sorted[index].StartsWith(text, StringComparison.Ordinal);
    }
}
