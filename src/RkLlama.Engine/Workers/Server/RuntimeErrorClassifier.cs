using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Derives a <see cref="FailureCode"/> from an error text of the vendor library. The library does not return the cause of an error; it only prints a text. All
/// other code uses the failure code instead of the text.
/// </summary>
internal static class RuntimeErrorClassifier
{
    // Parts of the error texts of all library versions. The first part that occurs in the text decides, so specific parts come before general ones.
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

    /// <summary>Finds the cause of an error. Ignores case.</summary>
    /// <returns>The cause; <see langword="null"/> if the text contains no known error.</returns>
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
