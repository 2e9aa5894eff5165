using System.Globalization;
using System.Text.RegularExpressions;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Engine.Workers.Server;

/// <summary>
/// Derives the cause of a failure from an error text of the vendor library. The library does not return the cause of an error; it only prints a text. All
/// other code uses the cause instead of the text.
/// </summary>
internal static partial class RuntimeErrorClassifier
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

    /// <summary>Finds out whether the library refused a run because the prompt is longer than the context. Ignores case.</summary>
    /// <returns>The length of the prompt; <see langword="null"/> if the text does not say that the prompt is too long.</returns>
    internal static RefusedPrompt? FindRefusedPrompt(string text)
    {
        if (!PromptTooLong.IsMatch(text))
            return null;
        Match length = PromptTokens.Match(text);
        return new(length.Success && int.TryParse(length.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out int tokens) ? tokens : null);
    }

    // The library writes "greater" in several forms, for example "gather".
    [GeneratedRegex(@"\bprompt\b.*\bmax[_ ]context", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PromptTooLong { get; }

    [GeneratedRegex(@"\bprompt: ?(\d+) tokens", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PromptTokens { get; }
}
