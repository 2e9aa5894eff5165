using System.Text.RegularExpressions;

namespace RkLlama.Architecture.Tests.Documents;

/// <summary>Checks that the targets of all references in the documents of a repository exist.</summary>
/// <param name="root">Full path of the repository.</param>
internal sealed partial class DocumentLinks(string root)
{
    private static readonly string[] BuildOutput = [".git", "artifacts", "bin", "dist", "node_modules", "obj"];

    // Paths relative to the root, with a leading slash.
    private readonly IReadOnlyList<string> _files = [.. Files(new DirectoryInfo(root)).Select(file => file[root.Length..]).Order(StringComparer.Ordinal)];

    /// <summary>Paths of all Markdown files, relative to the root. Build output is excluded.</summary>
    internal IReadOnlyList<string> Documents => [.. _files.Where(static file => file.EndsWith(".md", StringComparison.Ordinal)).Select(static file => file[1..])];

    /// <summary>Returns one line for each link, anchor or path that does not resolve: document, line, reference and problem.</summary>
    internal IReadOnlyList<string> Failures() =>
    [
        .. Documents.SelectMany(document =>
        {
            MarkdownDocument parsed = MarkdownDocument.Parse(File.ReadAllText(Path.Join(root, document)));
            return parsed.Links.Select(link => (link.Line, link.Text, Problem: ProblemOfLink(document, link.Text)))
                .Concat(parsed.CodeSpans.SelectMany(code => Matches(RepositoryPath, code)).Select(path => (path.Line, path.Text, Problem: ProblemOfPath(path.Text))))
                .Concat(parsed.CodeSpans.SelectMany(code => Matches(SourceFile, code)).Select(file => (file.Line, file.Text, Problem: ProblemOfSourceFile(file.Text))))
                .Where(static reference => reference.Problem is not null)
                .Select(reference => $"{document}:{reference.Line}: {reference.Text}: {reference.Problem}");
        }),
    ];

    private static IEnumerable<string> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Select(static file => file.FullName)
            .Concat(folder.EnumerateDirectories().Where(static child => child.LinkTarget is null && !BuildOutput.Contains(child.Name)).SelectMany(Files));

    private static IEnumerable<Occurrence> Matches(Regex pattern, Occurrence code) => pattern.Matches(code.Text).Select(match => code with { Text = match.Groups["path"].Value.TrimEnd('.') });

    private string? ProblemOfLink(string document, string target)
    {
        if (Scheme.IsMatch(target))
            return null;

        string[] parts = target.Split('#', 2);
        string path = Path.GetFullPath(parts[0].Length == 0 ? Path.Join(root, document) : Path.Join(root, Path.GetDirectoryName(document), Uri.UnescapeDataString(parts[0])));
        if (!path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            return "outside the repository";
        if (!Path.Exists(path))
            return "no such file";
        if (parts.Length == 1 || !path.EndsWith(".md", StringComparison.Ordinal))
            return null;
        return MarkdownDocument.Parse(File.ReadAllText(path)).Anchors.Contains(parts[1]) ? null : "no such heading";
    }

    private string? ProblemOfPath(string path)
    {
        string full = Path.Join(root, path);
        bool exists = path.Contains('*')
            ? Directory.Exists(Path.GetDirectoryName(full)) && Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(full)!, Path.GetFileName(full)).Any()
            : Path.Exists(full);
        return exists ? null : "no such path in the repository";
    }

    private string? ProblemOfSourceFile(string name) =>
        _files.Any(file => file.EndsWith("/" + name, StringComparison.Ordinal)) ? null : "no such source file in the repository";

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9+.-]*:")]
    private static partial Regex Scheme { get; }

    // At the start of a word. A word with a placeholder (…, <name>) names no single path and does not match.
    [GeneratedRegex(@"(?<!\S)(?:\./)?(?<path>(?:src|tests|docs|deploy|build|packaging|simulator|systemd|models)/[\w./*+@-]*)(?=$|[\s:,;)])")]
    private static partial Regex RepositoryPath { get; }

    // A file name, or the end of a path whose beginning is omitted.
    [GeneratedRegex(@"(?<!\S)(?:…/)?(?!(?:\./)?(?:src|tests|docs|deploy|build|packaging|simulator|systemd|models)/)(?<path>[\w.-][\w./-]*\.(?:cs|csproj|c|h))(?=$|[\s:,;)])")]
    private static partial Regex SourceFile { get; }
}
