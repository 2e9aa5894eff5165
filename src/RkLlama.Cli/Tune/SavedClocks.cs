namespace RkLlama.Cli.Tune;

/// <summary>
/// The values from before the first change, one <c>file value</c> per line, in the order in which they are restored. The file is in /run, because a
/// reboot makes the values obsolete.
/// </summary>
internal sealed class SavedClocks(string path)
{
    /// <summary>The values to restore; empty if none are saved.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public IReadOnlyList<(string File, string Value)> Load() => File.Exists(path)
        ? [.. File.ReadAllLines(path).Select(static line => line.Split(' ', 2)).Where(static parts => parts.Length == 2).Select(static parts => (parts[0], parts[1]))]
        : [];

    /// <summary>
    /// Saves the values of files that have no saved value yet. Existing values stay, because only they are from before the first change. When the
    /// method returns, the file is complete.
    /// </summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission to write the file.</exception>
    public void Add(IReadOnlyList<(string File, string Value)> values)
    {
        IReadOnlyList<(string File, string Value)> saved = Load();
        HashSet<string> files = [.. saved.Select(static entry => entry.File)];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = path + ".new";
        File.WriteAllLines(temporary, saved.Concat(values.Where(entry => !files.Contains(entry.File))).Select(static entry => $"{entry.File} {entry.Value}"));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Forgets the values. Does nothing if none are saved.</summary>
    public void Delete()
    {
        if (File.Exists(path))
            File.Delete(path);
    }
}
