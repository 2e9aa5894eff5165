using System.Text.RegularExpressions;

namespace RkLlama.Engine.Models;

/// <summary>Properties of a model that its name contains; "unknown" for a property that it does not contain.</summary>
internal sealed partial record ModelNameInfo(string Family, string ParameterSize, string Quantization)
{
    // A name that starts with another one comes first.
    private static readonly string[] Families =
        ["deepseek", "tinyllama", "smollm", "internlm", "minicpm", "chatglm", "codellama", "qwen3", "qwen2.5", "qwen2", "qwen", "gemma", "llama", "phi", "mistral", "glm"];

    internal static ModelNameInfo Parse(string name)
    {
        string lower = name.ToLowerInvariant();
        return new(
            Families.FirstOrDefault(family => lower.Contains(family, StringComparison.Ordinal)) ?? "unknown",
            SizePattern.Match(lower) is { Success: true } size ? size.Groups[1].Value.ToUpperInvariant() : "unknown",
            QuantizationPattern.Match(lower) is { Success: true } quantization ? quantization.Value.ToUpperInvariant() : "unknown");
    }

    [GeneratedRegex(@"(?<![a-z0-9.])(\d+(?:\.\d+)?[bm])(?![a-z0-9])")]
    private static partial Regex SizePattern { get; }

    [GeneratedRegex(@"w\d+a\d+(_g\d+)?")]
    private static partial Regex QuantizationPattern { get; }
}
