namespace RkLlama.Native;

/// <summary>The result of the search for <c>librkllmrt.so</c>. The search loads no library.</summary>
/// <param name="Path">The full path of the library; <see langword="null"/> if it was not found.</param>
/// <param name="Tried">The paths that were tried, in order.</param>
public sealed record RkllmLibrarySearch(string? Path, IReadOnlyList<string> Tried)
{
    public const string FileName = "librkllmrt.so";

    /// <summary>The error message for the operator if the library was not found: the paths that were tried, and what to install.</summary>
    public string NotFoundMessage =>
        $"The RKLLM runtime {FileName} was not found (tried {string.Join(", ", Tried)}): "
        + "copy the arm64 library of a Rockchip RKLLM release to /usr/lib, or name it with --library or RKLLAMA_LIBRARY.";

    /// <summary>
    /// Searches for the library. If the option <c>--library</c> is set, only its path is tried. Otherwise, if the environment variable
    /// <c>RKLLAMA_LIBRARY</c> is set, only its path is tried. Otherwise the standard directories are tried.
    /// </summary>
    /// <param name="option">The value of <c>--library</c>: a file, or a directory that contains the library; null or empty if the option is not
    /// set.</param>
    public static RkllmLibrarySearch Run(string? option) => Run(
        LibraryPaths.Setting(option, "RKLLAMA_LIBRARY"),
        LibraryPaths.Home);

    /// <summary>Searches for the library in the same places as a process with the given settings. Reads no environment variable.</summary>
    /// <param name="named">The only path to try: a file, or a directory that contains the library; <see langword="null"/> to try the standard
    /// directories.</param>
    /// <param name="home">The home directory of the process's user; empty if there is none.</param>
    /// <param name="root">The directory that stands for <c>/</c>: all paths are relative to it.</param>
    public static RkllmLibrarySearch Run(string? named, string home, string root = "/")
    {
        (string? path, IReadOnlyList<string> tried) = LibraryPaths.Find(FileName, named is null ? LibraryPaths.Standard(FileName, home) : [named], root);
        return new(path, tried);
    }
}
