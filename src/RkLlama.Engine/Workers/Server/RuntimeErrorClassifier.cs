using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Turns error text of the vendor library into a code. The library returns no reason, it only prints one, so this is the one place where its text
/// is interpreted. Everything above works with the code.
/// </summary>
internal static class RuntimeErrorClassifier
{
    // Fragments that the versions of the library print, the most specific first.
    private static readonly (string Fragment, FailureCode Code)[] Fragments =
    [
        ("magic", FailureCode.ModelFileInvalid),
        ("invalid rkllm model", FailureCode.ModelFileInvalid),
        ("model version is too", FailureCode.ModelFileInvalid),
        ("max_context", FailureCode.ContextLength),
        ("platform", FailureCode.WrongPlatform),
        ("too many open files", FailureCode.TooManyOpenFiles),
        ("open rknpu", FailureCode.NpuDevice),
        ("open rknn device", FailureCode.NpuDevice),
        ("Bad address", FailureCode.OutOfMemory),
        ("malloc npu memory", FailureCode.OutOfMemory),
        ("allocate handle", FailureCode.OutOfMemory),
        ("driver version is too", FailureCode.NpuDriver),
        ("matmul", FailureCode.NpuDriver),
    ];

    /// <returns><see langword="null"/> if the text has no known error.</returns>
    internal static FailureCode? Classify(string text)
    {
        foreach ((string fragment, FailureCode code) in Fragments)
        {
            if (text.Contains(fragment, StringComparison.OrdinalIgnoreCase))
                return code;
        }

        return null;
    }
}
