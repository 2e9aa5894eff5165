using System.Globalization;
using System.Text.RegularExpressions;

namespace RkLlama.Hub.Selection;

/// <summary>What the path of a .rkllm file and the name of its repository tell about the file. Publishers follow conventions, not rules: each part may be missing.</summary>
internal sealed partial record FileTraits
{
    /// <summary>The platform in lower case, <c>rk3588s</c> as <c>rk3588</c>; <see langword="null"/> if unknown.</summary>
    public string? Platform { get; private init; }

    /// <summary>The quantization in lower case with the size of its groups, for example <c>w8a8</c> or <c>w8a8_g128</c>; <see langword="null"/> if unknown.</summary>
    public string? Quantization { get; private init; }

    /// <summary>The optimization level of the toolkit, 0 or 1; <see langword="null"/> if unknown.</summary>
    public int? OptimizationLevel { get; private init; }

    /// <summary>The part of the weights with finer groups, 0 to 1; <see langword="null"/> if unknown.</summary>
    public double? HybridRatio { get; private init; }

    /// <summary>The context length in tokens; <see langword="null"/> if unknown.</summary>
    public int? ContextLength { get; private init; }

    /// <summary>The version of the toolkit, for example 1.1.4; <see langword="null"/> if unknown.</summary>
    public Version? Toolkit { get; private init; }

    // A part stands between the separators of file names.
    private const string Start = @"(?:^|(?<=[-_/. ]))", End = @"(?:$|(?=[-_/. ]))";

    [GeneratedRegex(@"(?:^|(?<=[^a-z0-9]))(?<v>rk3588|rk3576|rk3562|rv1126b|rv1126)s?(?:$|(?=[^a-z0-9]))", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PlatformPart { get; }

    [GeneratedRegex(Start + @"(?<v>w\d{1,2}a\d{1,2}(?:[-_]g\d{2,4})?)" + End, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex QuantizationPart { get; }

    [GeneratedRegex(Start + @"opt[-_]?(?<v>\d)" + End, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OptimizationPart { get; }

    [GeneratedRegex(@"hybrid[-_]ratio[-_](?<v>\d+(?:\.\d+)?)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex HybridPart { get; }

    [GeneratedRegex(Start + @"(?:ctx[-_]?)?(?<v>\d{1,3})k" + End, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ContextPart { get; }

    [GeneratedRegex(Start + @"ctx[-_]?(?<v>\d{3,6})" + End, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ContextTokensPart { get; }

    [GeneratedRegex(@"(?:^|(?<=[-_/ v]))(?:(?:rkllm|toolkit)[-_]?)?v?(?<v>1\.[0-9]\.\d{1,2})(?:b\d+)?(?:$|(?=[-_/ ]))", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ToolkitPart { get; }

    /// <summary>Reads the names. The name of the file has priority over its directory, and the directory over the revision and the repository.</summary>
    /// <param name="path">The path in the repository.</param>
    /// <param name="repository">The repository, <c>owner/name</c>.</param>
    /// <param name="revision">The name of the branch or tag; <see langword="null"/> for the default branch.</param>
    internal static FileTraits Of(string path, string repository, string? revision = null)
    {
        string file = WithoutExtension(path[(path.LastIndexOf('/') + 1)..]);
        string directory = path[..Math.Max(0, path.LastIndexOf('/'))];
        string name = WithoutExtension(repository[(repository.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        string[] places = [file, directory, revision ?? "", name];
        return new()
        {
            Platform = Find(places, PlatformPart)?.ToLowerInvariant(),
            Quantization = Find(places, QuantizationPart)?.ToLowerInvariant().Replace('-', '_'),
            OptimizationLevel = Find(places, OptimizationPart) is { } level ? int.Parse(level, CultureInfo.InvariantCulture) : null,
            HybridRatio = Find(places, HybridPart) is { } ratio ? double.Parse(ratio, CultureInfo.InvariantCulture) : null,
            ContextLength = Find(places, ContextTokensPart) is { } tokens ? int.Parse(tokens, CultureInfo.InvariantCulture)
                : Find(places, ContextPart) is { } k ? int.Parse(k, CultureInfo.InvariantCulture) * 1024 : null,
            Toolkit = Find(places, ToolkitPart) is { } version ? Version.Parse(version) : null,
        };
    }

    private static string? Find(string[] places, Regex part)
    {
        foreach (string place in places)
        {
            // The last match: the name of the base model comes first, and may have similar parts.
            if (part.Matches(place) is { Count: > 0 } matches)
                return matches[^1].Groups["v"].Value;
        }

        return null;
    }

    private static string WithoutExtension(string name) =>
        name.EndsWith(".rkllm", StringComparison.OrdinalIgnoreCase) ? name[..^6] : name;
}
