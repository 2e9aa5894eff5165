using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;

namespace RkLlama.Engine.Diagnostics;

/// <summary>Which check of the doctor looks at what stopped a load.</summary>
internal static class LoadFailure
{
    // What the vendor's library prints, in any version, and what it means.
    private static readonly (string Words, string Check)[] Phrases =
    [
        ("magic", CheckIds.ModelFile),
        ("invalid rkllm model", CheckIds.ModelFile),
        ("model version is too", CheckIds.ModelFile),
        ("max_context", CheckIds.Modelfile),
        ("platform", CheckIds.Platform),
        ("too many open files", CheckIds.Limits),
        ("open rknpu", CheckIds.NpuDevice),
        ("open rknn device", CheckIds.NpuDevice),
        ("Bad address", CheckIds.ModelMemory),
        ("malloc npu memory", CheckIds.ModelMemory),
        ("allocate handle", CheckIds.ModelMemory),
        ("SIGKILL", CheckIds.ModelMemory),
        ("driver version is too", CheckIds.NpuDriver),
        ("matmul", CheckIds.NpuDriver),
        ("SIGILL", CheckIds.LibraryVersion),
        ("RKLLM runtime", CheckIds.LibraryVersion),
    ];

    /// <summary>What to run, and the line to look at where one is known: <c>rkllama doctor (model-file)</c>.</summary>
    internal static string Hint(Exception failure) => CheckOf(failure) is { } check ? $"rkllama doctor ({check})" : "rkllama doctor";

    private static string? CheckOf(Exception failure) => failure switch
    {
        ModelException { Kind: ModelErrorKind.ModelsDirectoryMissing or ModelErrorKind.DirectoryNotFound } => CheckIds.ModelsDirectory,
        ModelException => CheckIds.Modelfile,
        EngineException { Check: { } check } => check,
        EngineException when failure.Message.Contains("could not be loaded (", StringComparison.Ordinal) => LibraryCheckOf(failure.Message),
        EngineException => Array.Find(Phrases, phrase => failure.Message.Contains(phrase.Words, StringComparison.OrdinalIgnoreCase)).Check,
        _ => null,
    };

    /// <summary>Which stage a fault of the library belongs to; the words are the native layer's and the loader's.</summary>
    internal static string LibraryCheckOf(string fault) => fault switch
    {
        _ when !fault.Contains("could not be loaded (", StringComparison.Ordinal) => CheckIds.LibraryVersion,
        _ when fault.Contains("cannot open shared object", StringComparison.Ordinal) || fault.Contains("not found (required by", StringComparison.Ordinal) => CheckIds.LibraryNeeds,
        _ => CheckIds.LibraryFile,
    };
}
