using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// Checks that the vendor library exists, is a library for this machine, has all its dependencies, and has a version that can be identified. Each step
/// needs the previous one, so only the first failure is reported.
/// </summary>
internal static class LibraryChecks
{
    internal static IEnumerable<Finding> Library(NodeSnapshot node)
    {
        RuntimeProbe runtime = node.Runtime;
        if (runtime.Path is not { } path)
        {
            yield return Finding.Failure(CheckIds.Library, $"{RkllmLibrarySearch.FileName} is in none of {node.Display(string.Join(", ", runtime.Tried))}",
                "copy the arm64 library of a Rockchip RKLLM release to /usr/lib, or set its path with RKLLAMA_LIBRARY");
        }
        else if (runtime.Result!.Info is { } info)
        {
            yield return info.Warning is { } warning
                ? Finding.Warning(CheckIds.LibraryVersion, warning.TrimEnd('.'), "if answers are wrong, install a known version, or set RKLLAMA_RUNTIME_VERSION")
                : Finding.Ok(CheckIds.Library, $"RKLLM {info.Description} at {node.Display(path)} ({info.Evidence})");
        }
        else
        {
            string id = CheckOf(runtime.Result.Code);
            yield return Finding.Failure(id, $"{node.Display(path)}: {runtime.Result.Fault!.TrimEnd('.')}", RemedyOf(id));
        }
    }

    /// <summary>
    /// Returns the check that reports a failure. If the file cannot be loaded, this is the check of the cause. For all other failures, such as an unknown
    /// version or a crash when the library is opened, it is the check of the version.
    /// </summary>
    private static string CheckOf(FailureCode? code) =>
        code is FailureCode.LibraryNotLoadable or FailureCode.LibraryDependencyMissing ? LoadFailure.CheckOf(code.Value) : CheckIds.LibraryVersion;

    private static string RemedyOf(string id) => id switch
    {
        CheckIds.LibraryVersion => "use an official Rockchip library, 1.1.0 or later; if it is one, set RKLLAMA_RUNTIME_VERSION to its version",
        CheckIds.LibraryNeeds => "install the missing library; ldd lists all dependencies of the file",
        _ => "copy the arm64 library of a Rockchip RKLLM release again; the command 'file' tells the type of the file",
    };
}
