using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;
using RkLlama.Native.Vision;

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
    /// Checks the optional library for the encoders of vision models. There is no finding if the node has none, and the operator has set none.
    /// </summary>
    internal static IEnumerable<Finding> RknnLibrary(NodeSnapshot node)
    {
        RknnLibrarySearch search = RknnLibrarySearch.Run(node.Settings.RknnLibraryPath, node.Runtime.Path, node.Home, node.Root);
        if (search.Path is { } path)
            yield return Identify(node, path);
        else if (node.Settings.RknnLibraryPath is { } named)
        {
            yield return Finding.Failure(CheckIds.RknnLibrary, $"{named} does not exist",
                "copy librknnrt.so of a Rockchip RKNN release there, or remove RKLLAMA_RKNN_LIBRARY; only vision models need it");
        }
    }

    private static Finding Identify(NodeSnapshot node, string path)
    {
        const string remedy = "copy the arm64 librknnrt.so of a Rockchip RKNN release, 1.6.0 to 2.3.2; only vision models need it";
        try
        {
            EncoderLibraryInfo info = node.IdentifyRknnLibrary(node, path);
            return info.Warning is { } warning
                ? Finding.Warning(CheckIds.RknnLibrary, $"{node.Display(path)}: {warning.TrimEnd('.')}", "if answers about pictures are wrong, install a known version")
                : Finding.Ok(CheckIds.RknnLibrary, $"RKNN {info.Version} at {node.Display(path)}");
        }
        catch (EngineException ex)
        {
            return Finding.Failure(CheckIds.RknnLibrary, $"{node.Display(path)}: {ex.Message.TrimEnd('.')}", remedy);
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
