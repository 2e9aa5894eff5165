namespace RkLlama.Native.Vision;

/// <summary>
/// The result of the search for <c>librknnrt.so</c>, which runs the encoders of vision models. The search loads no library. A node without the library works, but
/// its models see no pictures.
/// </summary>
/// <param name="Path">The full path of the library; <see langword="null"/> if it was not found.</param>
/// <param name="Tried">The paths that were tried, in order.</param>
public sealed record RknnLibrarySearch(string? Path, IReadOnlyList<string> Tried)
{
    public const string FileName = "librknnrt.so";

    /// <summary>The error message for the operator if the library was not found: the paths that were tried, and what to install.</summary>
    public string NotFoundMessage =>
        $"The RKNN runtime {FileName}, which vision models need, was not found (tried {string.Join(", ", Tried)}): "
        + "copy the arm64 library of a Rockchip RKNN release to /usr/lib, or name it with --rknn-library or RKLLAMA_RKNN_LIBRARY.";

    /// <summary>
    /// Searches for the library. If the option <c>--rknn-library</c> is set, only its path is tried. Otherwise, if the environment variable
    /// <c>RKLLAMA_RKNN_LIBRARY</c> is set, only its path is tried. Otherwise the directory of <c>librkllmrt.so</c> and the standard directories are tried.
    /// </summary>
    /// <param name="option">The value of <c>--rknn-library</c>: a file, or a directory that contains the library; null or empty if the option is not
    /// set.</param>
    /// <param name="rkllm">The path of <c>librkllmrt.so</c>; <see langword="null"/> if it was not found.</param>
    public static RknnLibrarySearch Run(string? option, string? rkllm) => Run(LibraryPaths.Setting(option, "RKLLAMA_RKNN_LIBRARY"), rkllm, LibraryPaths.Home);

    /// <summary>Searches for the library in the same places as a process with the given settings. Reads no environment variable.</summary>
    /// <param name="named">The only path to try: a file, or a directory that contains the library; <see langword="null"/> for all places.</param>
    /// <param name="rkllm">The path of <c>librkllmrt.so</c> inside <paramref name="root"/>; <see langword="null"/> if it was not found.</param>
    /// <param name="home">The home directory of the process's user; empty if there is none.</param>
    /// <param name="root">The directory that stands for <c>/</c>: all paths are relative to it.</param>
    public static RknnLibrarySearch Run(string? named, string? rkllm, string home, string root = "/")
    {
        (string? path, IReadOnlyList<string> tried) = LibraryPaths.Find(FileName, Candidates(named, rkllm, home, root), root);
        return new(path, tried);
    }

    private static IEnumerable<string> Candidates(string? named, string? rkllm, string home, string root)
    {
        if (named is not null)
            return [named];

        IEnumerable<string> standard = LibraryPaths.Standard(FileName, home);
        return System.IO.Path.GetDirectoryName(rkllm) is { Length: > 0 } directory
            ? standard.Prepend(System.IO.Path.Join("/", System.IO.Path.GetRelativePath(root, directory), FileName))
            : standard;
    }
}
