namespace RkLlama.Server.Tuning;

/// <summary>The kernel's settings as files.</summary>
/// <param name="root">The folder that has <c>sys</c> in it: <c>/</c>, or a copy in tests.</param>
internal sealed class Sysfs(string root)
{
    private string Full(string path) => Path.Join(root, path);

    public bool Exists(string path) => File.Exists(Full(path));

    public bool HasFolder(string path) => Directory.Exists(Full(path));

    /// <returns>The text without the line's end, or <see langword="null"/> when the file is missing or cannot be read.</returns>
    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(Full(path)).Trim('\n', '\0');
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The words of a list, such as <c>available_governors</c>; empty when there is none.</summary>
    public string[] Words(string path) => Read(path)?.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <summary>Writes one value in one call, as the kernel wants it.</summary>
    /// <exception cref="IOException">The kernel refuses the value, or the file is missing.</exception>
    /// <exception cref="UnauthorizedAccessException">Only root may.</exception>
    public void Write(string path, string value)
    {
        using FileStream file = new(Full(path), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(value));

        // A file in sysfs has no length to cut; a copy of one in a test has.
        if (file.Length > value.Length && !root.Equals("/", StringComparison.Ordinal))
            file.SetLength(value.Length);
    }

    /// <summary>Names of the entries of a folder that begin with <paramref name="prefix"/>, in ordinal order; empty when there is no such folder.</summary>
    public IReadOnlyList<string> Entries(string folder, string prefix) => HasFolder(folder)
        ? [.. Directory.EnumerateFileSystemEntries(Full(folder), prefix + "*").Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)]
        : [];
}
