using System.Text;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// What systemd would start <c>rkllama.service</c> with: the unit, its drop-ins and its environment files, read as text. So a root shell looks at the models and
/// the port of the service and not at its own.
/// </summary>
internal sealed class ServiceUnit
{
    private const string Name = "rkllama.service";

    // The administrator's before the machine's before the package's.
    private static readonly string[] Folders = ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    private static readonly string[] Homes = ["/root", "/home", "/run/user"];
    private static readonly string[] Temporary = ["/tmp", "/var/tmp"];

    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly List<string> _covered = [];
    private readonly List<string> _bound = [];
    private bool _hidesHomes, _hidesTemporary;
    private string[] _command = [];

    private ServiceUnit()
    {
    }

    /// <summary>Whom the service runs as.</summary>
    internal string User { get; private set; } = "root";

    /// <summary>The soft limit of open files; <see langword="null"/> when the unit does not say.</summary>
    internal string? OpenFiles { get; private set; }

    internal string? Variable(string name) => _environment.GetValueOrDefault(name);

    /// <summary>The value of an option on the service's command line.</summary>
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

    /// <summary>Whether the service does not see a path at all, whatever its user may do.</summary>
    internal bool Hides(string path) =>
        ((_hidesHomes && Homes.Any(folder => IsBelow(path, folder)))
            || (_hidesTemporary && Temporary.Any(folder => IsBelow(path, folder)))
            || _covered.Any(folder => IsBelow(path, folder)))
        && !_bound.Any(folder => IsBelow(path, folder));

    /// <summary>The folder, mounted for the service, that a path is in: there, what is above it does not matter.</summary>
    internal string? Mount(string path) => _bound.Find(folder => IsBelow(path, folder));

    /// <param name="read">The text of a file, or null.</param>
    /// <param name="list">The full paths of the files of a folder.</param>
    /// <returns><see langword="null"/> where there is no such unit, or it starts something else.</returns>
    internal static ServiceUnit? Find(Func<string, string?> read, Func<string, IEnumerable<string>> list)
    {
        if (Folders.Select(folder => read($"{folder}/{Name}")).FirstOrDefault(static text => text is not null) is not { } text)
            return null;

        // Of drop-ins with the same name, the administrator's counts; they are read in the order of their names.
        IEnumerable<string> dropIns = Folders.SelectMany(folder => list($"{folder}/{Name}.d")).Where(static path => path.EndsWith(".conf", StringComparison.Ordinal))
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
                    foreach (string assignment in Words(value))
                        Assign(assignment);
                    break;
                case "EnvironmentFile":
                    files.Add(value);
                    break;
                case "ExecStart":
                    _command = [.. Words(value.TrimStart('-', '@', '+', '!', ':'))];
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
                    _hidesTemporary = value is "disconnected" || IsYes(value);
                    break;
                case "TemporaryFileSystem":
                    _covered.AddRange(Words(value).Select(static mount => mount.Split(':')[0]));
                    break;
                case "BindPaths" or "BindReadOnlyPaths":
                    _bound.AddRange(Words(value).Select(static pair => pair.TrimStart('-').Split(':')[^1]));
                    break;
            }
        }
    }

    private void Assign(string assignment)
    {
        if (assignment.IndexOf('=', StringComparison.Ordinal) is var at && at > 0 && assignment[0] is not ('#' or ';'))
            _environment[assignment[..at]] = assignment[(at + 1)..].Trim('"', '\'');
    }

    /// <summary>Words as systemd splits them: quotes hold blanks together, and go.</summary>
    private static List<string> Words(string text)
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

    private static bool IsBelow(string path, string folder) => path == folder || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);
}
