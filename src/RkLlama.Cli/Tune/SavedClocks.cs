namespace RkLlama.Cli.Tune;

/// <summary>
/// Stores the values that files in sysfs had before the first <c>rkllama tune</c>. The values are in a text file, one <c>file value</c> per line, in the order
/// in which they are restored.
/// </summary>
/// <param name="path">Full path of the text file. It is below <c>/run</c>, because a reboot makes the values obsolete.</param>
internal sealed class SavedClocks(string path)
{
    /// <summary>Returns the saved values; an empty list if there are none.</summary>
    /// <exception cref="IOException">The text file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission to read the text file.</exception>
    public IReadOnlyList<(string File, string Value)> Load() => File.Exists(path)
        ? [.. File.ReadAllLines(path).Select(static line => line.Split(' ', 2)).Where(static parts => parts.Length == 2).Select(static parts => (parts[0], parts[1]))]
        : [];

    /// <summary>
    /// Saves the values of those files in sysfs that have no saved value yet. Does not overwrite saved values, because they are from before the first
    /// change. Replaces the text file in one step, so the file is never incomplete.
    /// </summary>
    /// <exception cref="IOException">The text file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission to write the text file.</exception>
    public void Add(IReadOnlyList<(string File, string Value)> values)
    {
        IReadOnlyList<(string File, string Value)> saved = Load();
        HashSet<string> files = [.. saved.Select(static entry => entry.File)];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = path + ".new";
        File.WriteAllLines(temporary, saved.Concat(values.Where(entry => !files.Contains(entry.File))).Select(static entry => $"{entry.File} {entry.Value}"));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Deletes the saved values. Does nothing if there are none.</summary>
    public void Delete()
    {
        if (File.Exists(path))
            File.Delete(path);
    }
}
