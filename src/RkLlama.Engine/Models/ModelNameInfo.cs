using System.Text.RegularExpressions;

namespace RkLlama.Engine.Models;

/// <summary>Properties that are read from a model's name. A property that the name does not contain is "unknown".</summary>
/// <param name="Family">For example <c>qwen2.5</c>.</param>
/// <param name="ParameterSize">For example <c>1.5B</c>.</param>
/// <param name="Quantization">For example <c>W8A8</c> or <c>W8A8_G128</c>.</param>
internal sealed partial record ModelNameInfo(string Family, string ParameterSize, string Quantization)
{
    // The first family that the model's name contains wins, so a longer name must come before a shorter one that it contains.
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
