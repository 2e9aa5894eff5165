using System.Text;
using Tomlyn;

namespace RkLlama.Hub.Names;

/// <summary>
/// The table of short names (<c>deepseek-r1:1.5b</c>): entries of the operator in <c>/etc/rkllama/models.d/*.toml</c> before those that are part of the program.
/// Immutable.
/// </summary>
internal sealed class ShortNames
{
    /// <summary>The directory with the tables of the operator.</summary>
    internal const string DefaultDirectory = "/etc/rkllama/models.d";

    private const long MaxFileBytes = 1 << 20;
    private const string LatestTag = ":latest";

    // Two names that begin with this many equal letters are similar.
    private const int StartLetters = 4;

    // Names as ollama's registry has them in full.
    private static readonly string[] RegistryPrefixes = ["registry.ollama.ai/library/", "ollama.com/library/", "library/"];

    private readonly List<ShortName> _entries;

    private ShortNames(List<ShortName> entries, IReadOnlyList<string> warnings)
    {
        _entries = entries;
        Warnings = warnings;
    }

    /// <summary>One sentence for each file or entry that was left out, with the reason.</summary>
    internal IReadOnlyList<string> Warnings { get; }

    /// <summary>The entries in the order in which they are searched.</summary>
    internal IReadOnlyList<ShortName> Entries => _entries;

    /// <summary>Reads the tables. A file or an entry with an error is left out and becomes a warning.</summary>
    /// <param name="directory">The directory with the tables of the operator. It may be missing.</param>
    internal static ShortNames Load(string directory = DefaultDirectory)
    {
        List<ShortName> entries = [];
        List<string> warnings = [];
        foreach (string file in FilesOf(directory, warnings))
        {
            try
            {
                if (new FileInfo(file) is not { Attributes: var attributes, Length: <= MaxFileBytes } || attributes.HasFlag(FileAttributes.Directory))
                    warnings.Add($"{file} is not a file of at most 1 MiB and is ignored");
                else
                    entries.AddRange(Parse(File.ReadAllText(file), file, warnings));
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                warnings.Add($"{file} cannot be read and is ignored: {ex.Message}");
            }
        }

        using Stream shipped = typeof(ShortNames).Assembly.GetManifestResourceStream("short-names.toml")!;
        using StreamReader reader = new(shipped, Encoding.UTF8);
        entries.AddRange(Parse(reader.ReadToEnd(), "short-names.toml", warnings));
        return new(entries, warnings);
    }

    /// <summary>Returns the entries of a short name in the order of the tables: one for each platform at most, if the tables are right.</summary>
    /// <param name="name">
    /// The name with or without its tag, in any case; <c>:latest</c> stands for the name without a tag. The prefixes of ollama's registry are ignored.
    /// </param>
    internal IReadOnlyList<ShortName> Find(string name)
    {
        string plain = LocalNameOf(name);
        return [.. _entries.Where(entry => Equal(entry.Name, plain) || entry.Aliases.Any(alias => Equal(alias, plain)))];
    }

    /// <summary>Returns the name that a model with a short name gets on the node: without the prefixes of ollama's registry and without <c>:latest</c>.</summary>
    internal static string LocalNameOf(string name)
    {
        name = name.Trim();
        foreach (string prefix in RegistryPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                name = name[prefix.Length..];
        }

        return name.EndsWith(LatestTag, StringComparison.OrdinalIgnoreCase) ? name[..^LatestTag.Length] : name;
    }

    /// <summary>Returns names that are similar to one that the tables do not have, most similar first; at most five.</summary>
    internal IReadOnlyList<string> Similar(string name)
    {
        string family = name.Split(':', '/')[^1] is { Length: > 0 } last && !name.Contains(':', StringComparison.Ordinal) ? last : name.Split(':')[0];
        string[] found = NamesWhere(entry => family.Length > 1 && (entry.StartsWith(family, StringComparison.OrdinalIgnoreCase) || entry.Split(':')[0].Contains(family, StringComparison.OrdinalIgnoreCase)));

        // A wrong letter is more often behind the beginning.
        return found.Length > 0 || family.Length < StartLetters ? found : NamesWhere(entry => entry.StartsWith(family[..StartLetters], StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Some names, for messages.</summary>
    internal IReadOnlyList<string> Examples => NamesWhere(static _ => true);

    private string[] NamesWhere(Func<string, bool> matches) => [.. _entries.Select(static entry => entry.Name).Where(matches).Distinct(StringComparer.OrdinalIgnoreCase).Take(5)];

    private static bool Equal(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> FilesOf(string directory, List<string> warnings)
    {
        try
        {
            return Directory.Exists(directory) ? Directory.GetFiles(directory, "*.toml").Order(StringComparer.Ordinal) : [];
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            warnings.Add($"{directory} cannot be read: {ex.Message}");
            return [];
        }
    }

    /// <summary>Reads one table.</summary>
    /// <param name="file">The name of the file, for warnings.</param>
    internal static IEnumerable<ShortName> Parse(string text, string file, List<string> warnings)
    {
        try
        {
            return ShortNameToml.Read(text, file, warnings).Where(entry =>
            {
                if (ErrorOf(entry) is not { } error)
                    return true;
                warnings.Add($"{file}: the entry '{entry.Name}' is ignored: {error}");
                return false;
            });
        }
        catch (TomlException ex)
        {
            warnings.Add($"{file} is not a table of models and is ignored: {ex.Diagnostics?.FirstOrDefault()?.ToString() ?? ex.Message}");
            return [];
        }
    }

    private static string? ErrorOf(ShortName entry)
    {
        if (string.IsNullOrWhiteSpace(entry.Name) || entry.Name.Contains('/', StringComparison.Ordinal))
            return "'name' is a short name without slashes";
        if (!ModelReferenceParser.TryParse(entry.Repo ?? "", out ModelReference? reference, out _) || reference.Path is not null)
            return "'repo' is the name of a repository (owner/name)";
        if (entry.File is { } path && !ModelReferenceParser.IsModelFile(path))
            return "'file' is the path of a .rkllm file";
        if (entry.Sha256 is { } hash && (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)))
            return "'sha256' has 64 hexadecimal digits";
        return null;
    }
}
