using System.Text.RegularExpressions;

namespace RkLlama.Architecture.Tests;

/// <summary>
/// The C# sources of one project, and the dependencies between its folders, by their usings. The namespace of a folder is its path. A folder may use the
/// types of the folders that contain it: they need no using.
/// </summary>
internal sealed partial class SourceTree
{
    private readonly string _root;
    private readonly string _project;
    private readonly Dictionary<string, List<SourceFile>> _folders = new(StringComparer.Ordinal);

    /// <param name="root">The directory of the project.</param>
    internal SourceTree(string root)
    {
        (_root, _project) = (root, Path.GetFileName(root));
        foreach (string path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            SourceFile file = new(path, File.ReadAllText(path));
            string folder = Path.GetRelativePath(root, Path.GetDirectoryName(path)!) is var relative && relative == "." ? "" : relative.Replace('/', '.');
            if (!_folders.TryGetValue(folder, out List<SourceFile>? files))
                _folders[folder] = files = [];
            files.Add(file);
        }
    }

    /// <summary>Returns the files whose namespace does not match their folder.</summary>
    internal IEnumerable<string> MisplacedFiles() =>
        from folder in _folders
        from file in folder.Value
        let expected = folder.Key.Length == 0 ? _project : $"{_project}.{folder.Key}"
        where file.Namespace is { } found && found != expected
        select $"{Path.GetRelativePath(_root, file.Path)} is in the namespace {file.Namespace}, not {expected}";

    /// <summary>
    /// Returns the cycles between folders, each as one text with the usings that form it. Checks the top folders with their contents, then each folder
    /// alone.
    /// </summary>
    internal IReadOnlyList<string> Circles() => [.. CirclesOf(static folder => folder.Split('.')[0]).Concat(CirclesOf(static folder => folder)).Distinct()];

    private IEnumerable<string> CirclesOf(Func<string, string> room)
    {
        Dictionary<string, Dictionary<string, List<string>>> uses = new(StringComparer.Ordinal);
        foreach (IGrouping<string, string> folders in _folders.Keys.GroupBy(room))
            uses[folders.Key] = UsesOf(folders, room);
        foreach (IReadOnlyList<string> circle in Components(uses))
        {
            IEnumerable<string> reasons =
                from folder in circle
                from used in uses[folder]
                where circle.Contains(used.Key)
                select $"  {Show(folder)} -> {Show(used.Key)}: {string.Join(", ", used.Value.Take(5))}";
            yield return $"{_project}: {string.Join(", ", circle.Select(Show))}\n{string.Join('\n', reasons)}";
        }
    }

    private static string Show(string folder) => folder.Length == 0 ? "(root)" : folder;

    /// <summary>Returns the rooms (groups of folders) that the folders of one room use, each with the usings.</summary>
    private Dictionary<string, List<string>> UsesOf(IGrouping<string, string> folders, Func<string, string> room)
    {
        Dictionary<string, List<string>> uses = new(StringComparer.Ordinal);
        foreach (SourceFile file in folders.SelectMany(folder => _folders[folder]))
        {
            foreach (string used in file.Usings.Select(FolderOf).OfType<string>().Where(used => room(used) != folders.Key))
            {
                if (!uses.TryGetValue(room(used), out List<string>? reasons))
                    uses[room(used)] = reasons = [];
                reasons.Add($"{file.Name} has using {_project}.{used}");
            }
        }

        return uses;
    }

    private string? FolderOf(string used)
    {
        if (used == _project)
            return "";
        if (!used.StartsWith(_project + ".", StringComparison.Ordinal))
            return null;

        // A using static names a type in the folder.
        string folder = used[(_project.Length + 1)..];
        if (_folders.ContainsKey(folder))
            return folder;
        return folder.LastIndexOf('.') is var dot && dot >= 0 && _folders.ContainsKey(folder[..dot]) ? folder[..dot] : null;
    }

    /// <summary>Returns the strongly connected components of more than one folder.</summary>
    private static IEnumerable<IReadOnlyList<string>> Components(Dictionary<string, Dictionary<string, List<string>>> uses)
    {
        HashSet<string> done = new(StringComparer.Ordinal);
        foreach (string folder in uses.Keys.Order(StringComparer.Ordinal))
        {
            if (done.Contains(folder))
                continue;
            HashSet<string> reachable = Reach(folder, uses);
            string[] circle = [.. reachable.Where(other => other != folder && Reach(other, uses).Contains(folder)).Append(folder).Distinct().Order(StringComparer.Ordinal)];
            done.UnionWith(circle);
            if (circle.Length > 1)
                yield return circle;
        }
    }

    private static HashSet<string> Reach(string folder, Dictionary<string, Dictionary<string, List<string>>> uses)
    {
        HashSet<string> reached = new(StringComparer.Ordinal);
        Stack<string> open = new(uses[folder].Keys);
        while (open.TryPop(out string? next))
        {
            if (!reached.Add(next))
                continue;
            foreach (string used in uses[next].Keys)
                open.Push(used);
        }

        return reached;
    }

    /// <summary>One file, without its comments and strings.</summary>
    private sealed partial class SourceFile
    {
        internal SourceFile(string path, string text)
        {
            Path = path;
            string code = Noise.Replace(text, " ");
            Namespace = NamespaceLine.Match(code) is { Success: true } match ? match.Groups[1].Value : null;
            Usings = [.. UsingLine.Matches(code).Select(static line => line.Groups[1].Value)];
        }

        internal string Path { get; }

        internal string Name => System.IO.Path.GetFileName(Path);

        internal string? Namespace { get; }

        internal IReadOnlyList<string> Usings { get; }

        [GeneratedRegex(@"//[^\n]*|/\*.*?\*/|""""""(?s:.*?)""""""|""(?:\\.|[^""\\\n])*""")]
        private static partial Regex Noise { get; }

        [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
        private static partial Regex NamespaceLine { get; }

        [GeneratedRegex(@"^using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
        private static partial Regex UsingLine { get; }
    }
}
