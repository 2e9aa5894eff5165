namespace RkLlama.Native;

/// <summary>Where the vendor libraries may be. Loads no library.</summary>
internal static class LibraryPaths
{
    /// <summary>Returns the first candidate that exists.</summary>
    /// <param name="fileName">The name of the library's file.</param>
    /// <param name="candidates">Paths of files, or of directories that contain the library.</param>
    /// <param name="root">The directory that stands for <c>/</c>: all paths are relative to it.</param>
    /// <returns>The full path, <see langword="null"/> if there is none; and the paths that were tried, in order.</returns>
    internal static (string? Path, IReadOnlyList<string> Tried) Find(string fileName, IEnumerable<string> candidates, string root)
    {
        List<string> tried = [];
        foreach (string candidate in candidates)
        {
            string full = Path.GetFullPath(candidate);
            string place = root == "/" ? full : Path.Join(root, full);
            string file = Directory.Exists(place) ? Path.Combine(place, fileName) : place;
            if (tried.Contains(file))
                continue;

            tried.Add(file);
            if (File.Exists(file))
                return (file, tried);
        }

        return (null, tried);
    }

    /// <summary>The standard places, in the documented order.</summary>
    /// <param name="home">The home directory of the process's user; empty if there is none.</param>
    internal static IEnumerable<string> Standard(string fileName, string home)
    {
        yield return Path.Combine(AppContext.BaseDirectory, fileName);
        yield return "/opt/rkllama/lib/" + fileName;

        if (home.Length > 0)
            yield return Path.Combine(home, "RKLLAMA", "lib", fileName);

        yield return "/usr/lib/" + fileName;
        yield return "/usr/local/lib/" + fileName;
    }

    /// <summary>The home directory of this process's user; empty if there is none.</summary>
    internal static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);

    /// <summary>The value of an option, or of the environment variable if the option is not set; <see langword="null"/> if both are unset or empty.</summary>
    internal static string? Setting(string? option, string variable) => NullIfEmpty(option) ?? NullIfEmpty(Environment.GetEnvironmentVariable(variable));

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
