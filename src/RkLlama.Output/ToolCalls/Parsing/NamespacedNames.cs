using System.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Compares names that have a namespace. The sign after the namespace may be another one than in the offered name, because many clients replace it:
/// <c>fs.read</c>, <c>fs/read</c>, <c>fs:read</c>, <c>fs__read</c> and <c>fs_read</c> are the same name, if one of the two has such a sign other than <c>_</c>.
/// The name <c>fs_read</c> also means an offered <c>fs-read</c>.
/// </summary>
internal sealed class NamespacedNames(IReadOnlySet<string> names)
{
    // The unified form of each name, and the name; null if the form is that of several names.
    private SortedList<string, string?>? _unified;
    private bool _hasSigns;

    /// <summary>Returns the part after the last namespace; null if there is no namespace.</summary>
    internal static string? LastPart(string name)
    {
        int start = Math.Max(name.LastIndexOfAny(['.', '/', ':']) + 1, name.LastIndexOf("__", StringComparison.Ordinal) + 2);
        return start > 1 && start < name.Length && HasSign(name) ? name[start..] : null;
    }

    /// <summary>Returns the offered name; null if there is none, or more than one.</summary>
    internal string? Find(string name)
    {
        SortedList<string, string?> unified = Unified();
        return unified.TryGetValue(Unify(name), out string? found) && found is not null && (HasSign(name) || HasSign(found) || IsHyphenated(found)) ? found : null;
    }

    /// <summary>Returns whether an offered name may begin with the text.</summary>
    internal bool MayBecome(string text)
    {
        SortedList<string, string?> unified = Unified();
        if (!_hasSigns && !HasSign(text))
            return false;
        string start = Unify(text);
        return unified.Keys.Any(name => name.StartsWith(start, StringComparison.Ordinal));
    }

    private static bool HasSign(string name) => name.AsSpan().ContainsAny('.', '/', ':') || name.Contains("__", StringComparison.Ordinal);

    private static bool IsHyphenated(string name) => name.Contains('-', StringComparison.Ordinal);

    private static string Unify(string name)
    {
        StringBuilder unified = new(name.Length);
        foreach (char c in name)
        {
            bool isSign = c is '.' or '/' or ':' or '_' or '-';
            if (!isSign)
                unified.Append(c);
            else if (unified.Length == 0 || unified[^1] != '_')
                unified.Append('_');
        }

        return unified.ToString();
    }

    private SortedList<string, string?> Unified()
    {
        if (_unified is not null)
            return _unified;
        _unified = new(StringComparer.Ordinal);
        foreach (string name in names)
        {
            _hasSigns |= HasSign(name) || IsHyphenated(name);
            string form = Unify(name);
            if (!_unified.TryAdd(form, name))
                _unified[form] = null;
        }

        return _unified;
    }
}
