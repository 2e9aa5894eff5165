using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Converts error text of the vendor library into a code. The library does not return the cause of an error, it only prints a text. Only this class
/// interprets that text; all other code uses the code.
/// </summary>
internal static class RuntimeErrorClassifier
{
    // Parts of the error texts of all library versions. The first match counts, so the most specific text comes first.
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

    /// <returns><see langword="null"/> if the text contains no known error.</returns>
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
