namespace RkLlama.Native;

/// <summary>Where <c>librkllmrt.so</c> was looked for, and where it was found. Looking opens no library.</summary>
/// <param name="Path">The full path found, or <see langword="null"/>.</param>
/// <param name="Tried">Every path that was looked at, in order.</param>
public sealed record RkllmLibrarySearch(string? Path, IReadOnlyList<string> Tried)
{
    public const string FileName = "librkllmrt.so";

    /// <summary>One sentence for the operator: what was tried and what to install.</summary>
    public string NotFoundMessage =>
        $"The RKLLM runtime {FileName} was not found (tried {string.Join(", ", Tried)}): "
        + "copy the arm64 library of a Rockchip RKLLM release to /usr/lib, or name it with --library or RKLLAMA_LIBRARY.";

    /// <summary>
    /// Looks for the library: the option, then <c>RKLLAMA_LIBRARY</c>, then the usual folders. A path that was named is the only one tried.
    /// </summary>
    /// <param name="option">A file, or a folder that holds one, named by the operator; or <see langword="null"/>.</param>
    public static RkllmLibrarySearch Run(string? option)
    {
        string? named = NullIfEmpty(option) ?? NullIfEmpty(Environment.GetEnvironmentVariable("RKLLAMA_LIBRARY"));
        IEnumerable<string> candidates = named is null ? UsualPlaces() : [System.IO.Path.GetFullPath(named)];

        List<string> tried = [];
        foreach (string candidate in candidates)
        {
            string file = Directory.Exists(candidate) ? System.IO.Path.Combine(candidate, FileName) : candidate;
            tried.Add(file);
            if (File.Exists(file))
                return new(file, tried);
        }

        return new(null, tried);
    }

    private static IEnumerable<string> UsualPlaces()
    {
        yield return System.IO.Path.Combine(AppContext.BaseDirectory, FileName);
        yield return "/opt/rkllama/lib/" + FileName;

        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        if (home.Length > 0)
            yield return System.IO.Path.Combine(home, "RKLLAMA", "lib", FileName);

        yield return "/usr/lib/" + FileName;
        yield return "/usr/local/lib/" + FileName;
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
