using System.Text.RegularExpressions;

namespace RkLlama.Engine.Models;

/// <summary>What a model's name tells of it; "unknown" where it tells nothing.</summary>
internal sealed partial record ModelDescription(string Family, string ParameterSize, string Quantization)
{
    // The longer name first where one begins another.
    private static readonly string[] Families =
        ["deepseek", "tinyllama", "smollm", "internlm", "minicpm", "chatglm", "codellama", "qwen3", "qwen2.5", "qwen2", "qwen", "gemma", "llama", "phi", "mistral", "glm"];

    internal static ModelDescription FromName(string name)
    {
        string small = name.ToLowerInvariant();
        return new(
            Families.FirstOrDefault(family => small.Contains(family, StringComparison.Ordinal)) ?? "unknown",
            Size.Match(small) is { Success: true } size ? size.Groups[1].Value.ToUpperInvariant() : "unknown",
            Quantization_.Match(small) is { Success: true } quantization ? quantization.Value.ToUpperInvariant() : "unknown");
    }

    [GeneratedRegex(@"(?<![a-z0-9.])(\d+(?:\.\d+)?[bm])(?![a-z0-9])")]
    private static partial Regex Size { get; }

    [GeneratedRegex(@"w\d+a\d+(_g\d+)?")]
    private static partial Regex Quantization_ { get; }
}
