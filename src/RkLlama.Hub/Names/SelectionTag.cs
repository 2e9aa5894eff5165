using System.Globalization;
using System.Text.RegularExpressions;

namespace RkLlama.Hub.Names;

/// <summary>A tag after the name of a repository, which says what the chosen file must have: <c>:w8a8</c>, <c>:w8a8_g128</c>, <c>:16k</c> or <c>:w8a8-16k</c>.</summary>
/// <param name="Text">The tag in lower case, without the colon.</param>
internal sealed partial record SelectionTag(string Text)
{
    /// <summary>What a tag may be, for messages.</summary>
    internal const string Forms = "a quantization (:w8a8, :w8a8_g128), a context length (:16k), both (:w8a8-16k) or :latest";

    private const string Latest = "latest";

    [GeneratedRegex("^(?<q>w[0-9]{1,2}a[0-9]{1,2}(?:[-_]g[0-9]{2,4})?)?(?:(?:^|-)(?<c>[0-9]{1,3})k)?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }

    /// <summary>The quantization; <see langword="null"/> for any.</summary>
    public string? Quantization { get; private init; }

    /// <summary>The minimum context length in tokens; <see langword="null"/> for any.</summary>
    public int? ContextLength { get; private init; }

    /// <summary>Reads a tag.</summary>
    /// <param name="text">The text without the colon, in any case.</param>
    /// <param name="tag">The tag; <see langword="null"/> for <c>latest</c>.</param>
    internal static bool TryParse(string text, out SelectionTag? tag)
    {
        tag = null;
        if (text.Equals(Latest, StringComparison.OrdinalIgnoreCase))
            return true;
        if (text.Length == 0 || Form.Match(text) is not { Success: true } match)
            return false;
        tag = new(text.ToLowerInvariant())
        {
            Quantization = match.Groups["q"] is { Success: true, Value: var quantization } ? quantization.ToLowerInvariant().Replace('-', '_') : null,
            ContextLength = match.Groups["c"] is { Success: true, Value: var context } ? int.Parse(context, CultureInfo.InvariantCulture) * 1024 : null,
        };
        return true;
    }
}
