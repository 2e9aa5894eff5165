using System.Text;

namespace RkLlama.Cli.Terminal.Editing;

/// <summary>The lines that the user has entered, in a file that only the user can read. A line break in a line is written as <c>\n</c>.</summary>
internal sealed class History
{
    internal const int MaxLines = 1000;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string? _path;
    private readonly List<string> _lines = [];

    /// <param name="path">The file; <see langword="null"/> to keep the lines in memory only.</param>
    internal History(string? path)
    {
        _path = path;
        Load();
    }

    /// <summary>The lines, the oldest first.</summary>
    internal IReadOnlyList<string> Lines => _lines;

    /// <summary>Whether lines are added.</summary>
    internal bool IsEnabled { get; set; } = true;

    /// <summary>Returns the file of the user: in <c>XDG_STATE_HOME</c>, else in <c>~/.local/state</c>; <see langword="null"/> if there is no home.</summary>
    /// <param name="environment">Returns the value of an environment variable.</param>
    internal static string? PathOf(Func<string, string?> environment)
    {
        string? state = environment("XDG_STATE_HOME") is { Length: > 0 } given && Path.IsPathRooted(given) ? given
            : environment("HOME") is { Length: > 0 } home ? Path.Join(home, ".local", "state") : null;
        return state is null ? null : Path.Join(state, "rkllama", "history");
    }

    /// <summary>Adds a line, unless it is blank or the same as the last one.</summary>
    internal void Add(string line)
    {
        if (!IsEnabled || string.IsNullOrWhiteSpace(line) || (_lines.Count > 0 && _lines[^1] == line))
            return;
        _lines.Add(line);
        if (_lines.Count > MaxLines)
            _lines.RemoveRange(0, _lines.Count - MaxLines);
        Write(FileMode.Append, Encode(line) + "\n");
    }

    private void Load()
    {
        try
        {
            if (_path is null || !File.Exists(_path))
                return;
            string[] lines = File.ReadAllLines(_path);
            _lines.AddRange(lines.TakeLast(MaxLines).Select(Decode));
            if (lines.Length > MaxLines)
                Write(FileMode.Create, string.Concat(_lines.Select(static line => Encode(line) + "\n")));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // A conversation works without its history.
        }
    }

    private void Write(FileMode mode, string text)
    {
        if (_path is null || !OperatingSystem.IsLinux())
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!, OwnerOnly | UnixFileMode.UserExecute);
            using FileStream file = new(_path, new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = OwnerOnly });
            File.SetUnixFileMode(file.SafeFileHandle, OwnerOnly);
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // As above: the disk may be full or read-only.
        }
    }

    private static string Encode(string line) => line.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Decode(string line)
    {
        StringBuilder text = new();
        for (int i = 0; i < line.Length; i++)
            text.Append(line[i] == '\\' && i + 1 < line.Length ? line[++i] == 'n' ? '\n' : line[i] : line[i]);
        return text.ToString();
    }
}
