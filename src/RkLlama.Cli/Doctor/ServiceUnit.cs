using System.Text;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// The configuration with which systemd starts <c>rkllama.service</c>, read from the unit file, its drop-in files and its environment files. A command in a
/// shell needs it to check the models and the port of the service.
/// </summary>
internal sealed class ServiceUnit
{
    private const string Name = "rkllama.service";

    // In the order of their priority: units of the administrator, units created at run time, units of packages.
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

    /// <summary>The soft limit of open files as written in the unit, such as <c>102400</c>; <see langword="null"/> if the unit sets none.</summary>
    internal string? OpenFiles { get; private set; }

    /// <summary>Returns a variable of the service's environment; <see langword="null"/> if it is not set.</summary>
    internal string? Variable(string name) => _environment.GetValueOrDefault(name);

    /// <summary>Returns the value of an option on the service's command line; <see langword="null"/> if the option is not there.</summary>
    /// <param name="name">The name without <c>--</c>.</param>
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

    /// <summary>Whether the service's sandbox hides a path. Does not check the permissions of the service's user.</summary>
    internal bool Hides(string path) =>
        ((_hidesHomes && HomeDirectories.Any(directory => IsBelow(path, directory)))
            || (_hidesTemporaryDirectories && TemporaryDirectories.Any(directory => IsBelow(path, directory)))
            || _temporaryFileSystems.Any(directory => IsBelow(path, directory)))
        && !_bindMounts.Any(directory => IsBelow(path, directory));

    /// <summary>
    /// Returns the directory of the service's bind mount that contains a path; <see langword="null"/> if there is none. The service needs no permission for
    /// the directories above a bind mount.
    /// </summary>
    internal string? FindMount(string path) => _bindMounts.Find(directory => IsBelow(path, directory));

    /// <summary>Finds the service's unit file and reads the configuration.</summary>
    /// <param name="read">Returns the content of a file; null if it cannot be read.</param>
    /// <param name="list">Returns the full paths of the files in a directory; empty if there is no such directory.</param>
    /// <returns><see langword="null"/> if there is no unit <c>rkllama.service</c>, or if it starts a program other than <c>rkllama</c>.</returns>
    internal static ServiceUnit? Find(Func<string, string?> read, Func<string, IEnumerable<string>> list)
    {
        if (UnitDirectories.Select(directory => read($"{directory}/{Name}")).FirstOrDefault(static text => text is not null) is not { } text)
            return null;

        // If several drop-in files have the same name, only the one with the highest priority is read. They are read in the order of their names.
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

    /// <summary>Applies the lines of a unit file or a drop-in file.</summary>
    /// <param name="files">Receives the paths of the environment files, which have to be read later.</param>
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

    /// <summary>Sets a variable from <c>NAME=value</c>. Ignores other texts and comments.</summary>
    private void Assign(string assignment)
    {
        if (assignment.IndexOf('=', StringComparison.Ordinal) is var at && at > 0 && assignment[0] is not ('#' or ';'))
            _environment[assignment[..at]] = assignment[(at + 1)..].Trim('"', '\'');
    }

    /// <summary>Splits a value into words at blanks, as systemd does. Blanks inside quotes do not split. The quotes are removed.</summary>
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
