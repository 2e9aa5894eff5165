namespace RkLlama.Cli.Tune;

/// <summary>
/// What was found before anything was set, one <c>file value</c> a line, in the order in which it is put back. In /run, because it means nothing after a restart of
/// the machine.
/// </summary>
internal sealed class TuneMemory(string path)
{
    /// <summary>What is to be put back; empty when nothing is remembered.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public IReadOnlyList<(string File, string Value)> Load() => File.Exists(path)
        ? [.. File.ReadAllLines(path).Select(static line => line.Split(' ', 2)).Where(static parts => parts.Length == 2).Select(static parts => (parts[0], parts[1]))]
        : [];

    /// <summary>Remembers what is not remembered yet: the first find is what was there before us. On disk when this returns.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Add(IReadOnlyList<(string File, string Value)> found)
    {
        IReadOnlyList<(string File, string Value)> known = Load();
        HashSet<string> files = [.. known.Select(static entry => entry.File)];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string whole = path + ".new";
        File.WriteAllLines(whole, known.Concat(found.Where(entry => !files.Contains(entry.File))).Select(static entry => $"{entry.File} {entry.Value}"));
        File.Move(whole, path, overwrite: true);
    }

    public void Forget() => File.Delete(path);
}
