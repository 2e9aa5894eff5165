using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;

namespace RkLlama.Hub.Selection;

/// <summary>
/// Chooses a .rkllm file of a repository. Files for other platforms, files of a toolkit that the runtime cannot read, and files that are not what the user asks
/// for are left out, and files with equal content count once. Of the rest, if all are the same model, the first in this order is chosen: the newest toolkit;
/// <c>w8a8</c> before other quantizations; optimization level 1 before 0; the lowest hybrid ratio; the smallest context of at least 4,096 tokens. If two files
/// are equal in all this, or if the names are those of different models, none is chosen.
/// </summary>
internal static partial class FileSelector
{
    private const int UsualContext = 4096;

    // Files of toolkit 1.0 have another format, which later runtimes reject with "invalid rknn llm model magic".
    private static readonly Version FirstReadableToolkit = new(1, 1, 0);

    // What remains of a file name without these parts and separators is the name of the model.
    [GeneratedRegex(
        @"rk35\d\ds?|rv1126b?|w\d{1,2}a\d{1,2}|(?<=[-_])g\d{2,4}|opt[-_]?\d|hybrid[-_]ratio[-_][\d.]+|hybrid|(?:ctx[-_]?)?\d{1,3}k(?![a-z0-9])|ctx[-_]?\d+|v?1\.[0-9]\.\d+(?:b\d+)?|npu|\.rkllm$|[-_. /]",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex TraitParts { get; }

    /// <summary>Chooses a file.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="path">A path that the user gave: a .rkllm file or a directory; <see langword="null"/> if none.</param>
    /// <param name="revision">The revision that the user gave. The name of a branch may have traits of the files.</param>
    internal static FileChoice Choose(HubRepository repository, string? path, string? revision, SelectionRequest request)
    {
        Candidate[] all = [.. repository.Files.Where(static file => ModelReferenceParser.IsModelFile(file.Path))
            .Select(file => new Candidate(file, FileTraits.Of(file.Path, repository.Name, revision)))];
        if (path is not null && ModelReferenceParser.IsModelFile(path))
            return ChooseNamed(all, path, request);

        Candidate[] files = path is null ? all : [.. all.Where(one => one.File.Path.StartsWith(path + "/", StringComparison.OrdinalIgnoreCase))];
        if (files.Length == 0)
            return None(all, all.Length == 0 ? "the repository has no .rkllm file" : $"the directory '{path}' has no .rkllm file");

        foreach ((Func<Candidate, bool> fits, string reason) in RulesOf(request))
        {
            Candidate[] left = [.. files.Where(fits)];
            if (left.Length == 0)
                return None(files, reason) with { IsForeign = request.Platform is { } platform && files.All(one => one.Traits.Platform is { } other && other != platform) };
            files = left;
        }

        files = [.. files.DistinctBy(static one => one.File.Sha256 ?? one.File.Path)];
        if (files.Length == 1)
            return Chosen(files[0], all.Length == 1 ? "it is the only .rkllm file" : "it is the only file that fits", request);
        if (files.Select(static one => TraitParts.Replace(one.File.Path, "").ToUpperInvariant()).Distinct().Count() > 1)
            return None(files, "the repository has several models");

        Candidate[] ordered = [.. files.Order(PreferenceOrder.Instance)];
        return PreferenceOrder.Instance.Compare(ordered[0], ordered[1]) == 0
            ? None(files, "several files fit equally well")
            : Chosen(ordered[0], $"{files.Length} files fit, and {PreferenceOrder.DifferenceOf(ordered[0], ordered[1])}", request);
    }

    private static FileChoice ChooseNamed(Candidate[] all, string path, SelectionRequest request)
    {
        Candidate? named = Array.Find(all, one => one.File.Path == path) ?? Array.Find(all, one => one.File.Path.Equals(path, StringComparison.OrdinalIgnoreCase));

        // The rkllama client knows the names of files, but not their directories.
        if (named is null && all.Where(one => one.File.Name.Equals(path, StringComparison.OrdinalIgnoreCase)).ToArray() is [{ } only])
            named = only;
        return named is null ? None(all, $"the repository has no file '{path}'") : Chosen(named, "it was asked for", request);
    }

    private static IEnumerable<(Func<Candidate, bool> Fits, string Reason)> RulesOf(SelectionRequest request)
    {
        if (request.Platform is { } platform)
            yield return (one => one.Traits.Platform is null || one.Traits.Platform == platform, $"no file is for {platform}");
        if (request.Runtime is { } runtime)
        {
            yield return (one => one.Traits.Toolkit is null || IsReadable(one.Traits.Toolkit, runtime),
                string.Create(CultureInfo.InvariantCulture, $"no file is of a toolkit that the runtime {runtime} can read"));
        }

        if (request.Quantization is null && request.Platform is { } board)
            yield return (one => !IsForeign(one.Traits, board), $"no file has a quantization that {board} can run");
        if (request.Quantization is { } quantization)
            yield return (one => one.Traits.Quantization == quantization.ToLowerInvariant().Replace('-', '_'), $"no file has the quantization {quantization}");
        if (request.ContextLength is { } context)
            yield return (one => one.Traits.ContextLength >= context, string.Create(CultureInfo.InvariantCulture, $"no file has a context of {context} tokens"));
    }

    /// <summary>Whether the NPU does not have the quantization: that of the RK3588 has no 4-bit weights.</summary>
    private static bool IsForeign(FileTraits traits, string platform) => platform == "rk3588" && traits.Quantization?.StartsWith("w4", StringComparison.Ordinal) == true;

    private static bool IsReadable(Version toolkit, Version runtime) =>
        (toolkit.Major, toolkit.Minor, toolkit.Build).CompareTo((runtime.Major, runtime.Minor, Math.Max(runtime.Build, 0))) <= 0
        && (toolkit >= FirstReadableToolkit || runtime < FirstReadableToolkit);

    private static FileChoice None(IEnumerable<Candidate> candidates, string reason) => new(null, reason, [.. candidates.Select(static one => one.File)]);

    private static FileChoice Chosen(Candidate one, string reason, SelectionRequest request)
    {
        List<string> warnings = [];
        if (request.Platform is { } platform && one.Traits.Platform is { } other && other != platform)
            warnings.Add($"the file is for {other}, and this node is {platform}: the runtime will refuse it");
        if (request.Platform is { } board && IsForeign(one.Traits, board))
            warnings.Add($"the file has the quantization {one.Traits.Quantization}, which the NPU of {board} does not have: the runtime will probably refuse it");
        if (request.Runtime is { } runtime && one.Traits.Toolkit is { } toolkit && !IsReadable(toolkit, runtime))
            warnings.Add($"the file is of toolkit {toolkit}, which runtime {runtime} cannot read");
        return new(one.File, reason, [one.File]) { Warnings = warnings };
    }

    /// <summary>A file with what its name tells.</summary>
    internal sealed record Candidate(HubFile File, FileTraits Traits);

    /// <summary>Compares files of the same model: the better one is less.</summary>
    private sealed class PreferenceOrder : IComparer<Candidate>
    {
        internal static readonly PreferenceOrder Instance = new();

        private static readonly (Func<FileTraits, IComparable> Rank, Func<FileTraits, string> Name)[] Rules =
        [
            (static traits => new ReverseVersion(traits.Toolkit), static traits => $"toolkit {traits.Toolkit} is the newest"),
            (static traits => traits.Quantization switch { "w8a8" => 0, null => 2, _ => 1 }, static traits => $"{traits.Quantization} comes first"),
            (static traits => -traits.OptimizationLevel ?? 1, static traits => $"optimization level {traits.OptimizationLevel} comes first"),
            (static traits => traits.HybridRatio ?? 0, static traits => string.Create(CultureInfo.InvariantCulture, $"hybrid ratio {traits.HybridRatio ?? 0:0.0} comes first")),
            (static traits => traits.ContextLength is not { } context ? UsualContext : context >= UsualContext ? context : int.MaxValue - context,
                static traits => string.Create(CultureInfo.InvariantCulture, $"a context of {traits.ContextLength ?? UsualContext} tokens is preferred")),
        ];

        public int Compare(Candidate? x, Candidate? y) =>
            Rules.Select(rule => rule.Rank(x!.Traits).CompareTo(rule.Rank(y!.Traits))).FirstOrDefault(static order => order != 0);

        /// <summary>Says why the first file is better than the second.</summary>
        internal static string DifferenceOf(Candidate first, Candidate second) =>
            Rules.First(rule => rule.Rank(first.Traits).CompareTo(rule.Rank(second.Traits)) != 0).Name(first.Traits);
    }

    /// <summary>A version whose order is reversed; <see langword="null"/> is last.</summary>
    private readonly record struct ReverseVersion(Version? Value) : IComparable
    {
        public int CompareTo(object? obj) => obj is ReverseVersion other ? Comparer<Version?>.Default.Compare(other.Value, Value) : 1;
    }
}
