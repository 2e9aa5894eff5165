using System.Text;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// The configuration with which systemd starts <c>rkllama.service</c>: the unit, its drop-ins and its environment files, read as text. With it, a
/// command in a shell can check the models and the port of the service.
/// </summary>
internal sealed class ServiceUnit
{
    private const string Name = "rkllama.service";

    // In order of priority: units of the administrator, units created at run time, units of packages.
    private static readonly string[] UnitDirectories = ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    private static readonly string[] HomeDirectories = ["/root", "/home", "/run/user"];
    private static readonly string[] TemporaryDirectories = ["/tmp", "/var/tmp"];

    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly List<string> _temporaryFileSystems = [];
    private readonly List<string> _bindMounts = [];
    private bool _hidesHomes, _hidesTemporaryDirectories;
    private string[] _command = [];

    private ServiceUnit()
    {
    }

    /// <summary>The user that the service runs as.</summary>
    internal string User { get; private set; } = "root";

    /// <summary>The soft limit of open files; <see langword="null"/> if the unit sets none.</summary>
    internal string? OpenFiles { get; private set; }

    internal string? Variable(string name) => _environment.GetValueOrDefault(name);

    /// <summary>Returns the value of an option on the service's command line; <see langword="null"/> if the command line does not contain the option.</summary>
    internal string? Option(string name)
    {
        for (int i = 0; i < _command.Length; i++)
        {
            if (_command[i].StartsWith($"--{name}=", StringComparison.Ordinal))
                return _command[i][(name.Length + 3)..];
            if (_command[i] == "--" + name && i + 1 < _command.Length)
                return _command[i + 1];
        }

        return null;
    }

    /// <summary>Whether the sandbox hides a path from the service. The permissions of the service's user do not matter.</summary>
    internal bool Hides(string path) =>
        ((_hidesHomes && HomeDirectories.Any(directory => IsBelow(path, directory)))
            || (_hidesTemporaryDirectories && TemporaryDirectories.Any(directory => IsBelow(path, directory)))
            || _temporaryFileSystems.Any(directory => IsBelow(path, directory)))
        && !_bindMounts.Any(directory => IsBelow(path, directory));

    /// <summary>
    /// Returns the bind mount of the service that contains a path; <see langword="null"/> if there is none. Permissions of the directories above the
    /// mount do not matter.
    /// </summary>
    internal string? FindMount(string path) => _bindMounts.Find(directory => IsBelow(path, directory));

    /// <param name="read">Returns the content of a file, or null.</param>
    /// <param name="list">Returns the full paths of the files in a directory.</param>
    /// <returns><see langword="null"/> if there is no such unit, or it starts another program.</returns>
    internal static ServiceUnit? Find(Func<string, string?> read, Func<string, IEnumerable<string>> list)
    {
        if (UnitDirectories.Select(directory => read($"{directory}/{Name}")).FirstOrDefault(static text => text is not null) is not { } text)
            return null;

        // If drop-ins have the same name, only the one with the highest priority is read. Drop-ins are read in the order of their names.
        IEnumerable<string> dropIns = UnitDirectories.SelectMany(directory => list($"{directory}/{Name}.d")).Where(static path => path.EndsWith(".conf", StringComparison.Ordinal))
            .DistinctBy(Path.GetFileName).OrderBy(Path.GetFileName, StringComparer.Ordinal);
        ServiceUnit unit = new();
        List<string> files = [];
        foreach (string part in dropIns.Select(read).OfType<string>().Prepend(text))
            unit.Read(part, files);
        foreach (string file in files)
        {
            foreach (string line in (read(file.TrimStart('-')) ?? "").Split('\n'))
                unit.Assign(line.Trim());
        }

        return unit._command.Length > 0 && Path.GetFileName(unit._command[0]) == "rkllama" ? unit : null;
    }

    private void Read(string text, List<string> files)
    {
        foreach (string line in text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Select(static line => line.Trim()))
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is var at && (at <= 0 || line[0] is '#' or ';'))
                continue;

            string value = line[(at + 1)..].Trim();
            switch (line[..at].Trim())
            {
                case "Environment":
                    foreach (string assignment in SplitWords(value))
                        Assign(assignment);
                    break;
                case "EnvironmentFile" when value.Length == 0:
                    files.Clear();
                    break;
                case "EnvironmentFile":
                    files.Add(value);
                    break;
                case "ExecStart":
                    _command = [.. SplitWords(value.TrimStart('-', '@', '+', '!', ':'))];
                    break;
                case "User":
                    User = value.Length > 0 ? value : "root";
                    break;
                case "LimitNOFILE":
                    OpenFiles = value.Split(':')[0];
                    break;
                case "ProtectHome":
                    _hidesHomes = value is "tmpfs" || IsYes(value);
                    break;
                case "PrivateTmp":
                    _hidesTemporaryDirectories = value is "disconnected" || IsYes(value);
                    break;
                case "TemporaryFileSystem":
                    _temporaryFileSystems.AddRange(SplitWords(value).Select(static mount => mount.Split(':')[0]));
                    break;
                case "BindPaths" or "BindReadOnlyPaths":
                    _bindMounts.AddRange(SplitWords(value).Select(static pair => pair.TrimStart('-').Split(':') is [_, { Length: > 0 } destination, ..] ? destination : pair.TrimStart('-').Split(':')[0]));
                    break;
            }
        }
    }

    private void Assign(string assignment)
    {
        if (assignment.IndexOf('=', StringComparison.Ordinal) is var at && at > 0 && assignment[0] is not ('#' or ';'))
            _environment[assignment[..at]] = assignment[(at + 1)..].Trim('"', '\'');
    }

    /// <summary>Splits a value into words as systemd does. Quotes keep blanks inside a word and are removed.</summary>
    private static List<string> SplitWords(string text)
    {
        List<string> words = [];
        StringBuilder word = new();
        char quote = '\0';
        foreach (char character in text + " ")
        {
            if (quote != '\0' ? character == quote : character is '"' or '\'')
            {
                quote = quote == '\0' ? character : '\0';
            }
            else if (quote == '\0' && char.IsWhiteSpace(character))
            {
                if (word.Length > 0)
                    words.Add(word.ToString());
                word.Clear();
            }
            else
            {
                word.Append(character);
            }
        }

        return words;
    }

    private static bool IsYes(string value) => value is "yes" or "true" or "on" or "1";

    private static bool IsBelow(string path, string directory) => path == directory || path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);
}
