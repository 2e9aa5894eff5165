using System.Text.RegularExpressions;

namespace RkLlama.Engine.Models;

/// <summary>Properties that are read from a model's name, ignoring case. If the name does not contain a property, its value is <c>unknown</c>.</summary>
/// <param name="Family">Model family in lower case, for example <c>qwen2.5</c>.</param>
/// <param name="ParameterSize">Number of parameters, for example <c>1.5B</c>.</param>
/// <param name="Quantization">For example <c>W8A8</c> or <c>W8A8_G128</c>.</param>
internal sealed partial record ModelNameInfo(string Family, string ParameterSize, string Quantization)
{
    // The first entry that the model's name contains is used. If an entry contains another one, it must come before that one.
    private static readonly string[] Families =
        ["deepseek", "tinyllama", "smollm", "internlm", "minicpm", "chatglm", "codellama", "qwen3", "qwen2.5", "qwen2", "qwen", "gemma", "llama", "phi", "mistral", "glm"];

    /// <param name="name">The model's name, or a text that contains it.</param>
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
