namespace RkLlama.Native;

/// <summary>The result of the search for <c>librkllmrt.so</c>. The search loads no library.</summary>
/// <param name="Path">The full path of the library; <see langword="null"/> if it was not found.</param>
/// <param name="Tried">The paths that were tried, in order.</param>
public sealed record RkllmLibrarySearch(string? Path, IReadOnlyList<string> Tried)
{
    public const string FileName = "librkllmrt.so";

    /// <summary>One sentence for the operator, with the paths that were tried and what to install.</summary>
    public string NotFoundMessage =>
        $"The RKLLM runtime {FileName} was not found (tried {string.Join(", ", Tried)}): "
        + "copy the arm64 library of a Rockchip RKLLM release to /usr/lib, or name it with --library or RKLLAMA_LIBRARY.";

    /// <summary>
    /// Searches for the library: the option, then <c>RKLLAMA_LIBRARY</c>, then the standard directories. If the option or the variable is
    /// set, no other path is tried.
    /// </summary>
    /// <param name="option">A file, or a directory that contains the library; <see langword="null"/> if the operator named none.</param>
    public static RkllmLibrarySearch Run(string? option) => Run(
        NullIfEmpty(option) ?? NullIfEmpty(Environment.GetEnvironmentVariable("RKLLAMA_LIBRARY")),
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify));

    /// <summary>Searches for the library with the option or variable and the home directory of another process.</summary>
    /// <param name="named">The path of the option or variable; <see langword="null"/> for none.</param>
    /// <param name="home">The home directory; empty for none.</param>
    /// <param name="root">The directory to use as <c>/</c>.</param>
    public static RkllmLibrarySearch Run(string? named, string home, string root = "/")
    {
        IEnumerable<string> candidates = named is null ? StandardPaths(home) : [System.IO.Path.GetFullPath(named)];

        List<string> tried = [];
        foreach (string place in candidates)
        {
            string candidate = root == "/" ? place : System.IO.Path.Join(root, place);
            string file = Directory.Exists(candidate) ? System.IO.Path.Combine(candidate, FileName) : candidate;
            tried.Add(file);
            if (File.Exists(file))
                return new(file, tried);
        }

        return new(null, tried);
    }

    private static IEnumerable<string> StandardPaths(string home)
    {
        yield return System.IO.Path.Combine(AppContext.BaseDirectory, FileName);
        yield return "/opt/rkllama/lib/" + FileName;

        if (home.Length > 0)
            yield return System.IO.Path.Combine(home, "RKLLAMA", "lib", FileName);

        yield return "/usr/lib/" + FileName;
        yield return "/usr/local/lib/" + FileName;
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
