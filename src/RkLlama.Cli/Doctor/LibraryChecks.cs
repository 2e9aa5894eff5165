using RkLlama.Engine.Diagnostics;
using RkLlama.Native;

namespace RkLlama.Cli.Doctor;

/// <summary>
/// The vendor's library: found, a library for this machine, with all it needs, and identified. Each stands on the one before, so the first that fails is the line.
/// </summary>
internal static class LibraryChecks
{
    internal static IEnumerable<Finding> Library(Patient patient)
    {
        RuntimeFound runtime = patient.Runtime;
        if (runtime.Path is not { } path)
        {
            yield return Finding.Failure(CheckIds.Library, $"{RkllmLibrarySearch.FileName} is in none of {patient.Shown(string.Join(", ", runtime.Tried))}",
                "copy the arm64 library of a Rockchip RKLLM release to /usr/lib, or name it with RKLLAMA_LIBRARY");
        }
        else if (runtime.Answer!.Info is { } info)
        {
            yield return info.Warning is { } warning
                ? Finding.Warning(CheckIds.LibraryVersion, warning.TrimEnd('.'), "if answers are wrong, use a version that is known, or set RKLLAMA_RUNTIME_VERSION")
                : Finding.Ok(CheckIds.Library, $"RKLLM {info.Description} at {patient.Shown(path)} ({info.Evidence})");
        }
        else
        {
            string id = CheckOf(runtime.Answer.Code);
            yield return Finding.Failure(id, $"{patient.Shown(path)}: {runtime.Answer.Fault!.TrimEnd('.')}", RemedyOf(id));
        }
    }

    private static string CheckOf(FailureCode? code) =>
        code is FailureCode.LibraryNotLoadable or FailureCode.LibraryDependencyMissing ? LoadFailure.CheckOf(code.Value) : CheckIds.LibraryVersion;

    private static string RemedyOf(string id) => id switch
    {
        CheckIds.LibraryVersion => "use an official library of Rockchip's, 1.1.0 or later; if it is one, set RKLLAMA_RUNTIME_VERSION to its version",
        CheckIds.LibraryNeeds => "install what is missing; ldd on the file names all of it",
        _ => "copy the arm64 library of a Rockchip RKLLM release again; file on it says what it is",
    };
}
