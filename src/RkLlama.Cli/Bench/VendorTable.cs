using System.Globalization;

namespace RkLlama.Cli.Bench;

/// <summary>One vendor benchmark figure. All figures are for an RK3588 at its highest clocks with three NPU cores and models in w8a8.</summary>
/// <param name="Model">The vendor's name of the model.</param>
/// <param name="Runtime">The runtime release that the vendor measured.</param>
/// <param name="PromptTokens">Length of the prompt in tokens.</param>
/// <param name="FirstTokenMs">Time to first token (prefill) in ms.</param>
/// <param name="TokensPerSecond">Decode rate in tokens per second.</param>
internal sealed record VendorFigure(string Model, string Runtime, int PromptTokens, double FirstTokenMs, double TokensPerSecond);

/// <summary>Vendor benchmark figures, from <c>benchmark.md</c> in Rockchip's RKLLM releases; for releases before 1.2, from their README.</summary>
internal static class VendorTable
{
    internal const string Platform = "rk3588";

    private const int PromptTokens = 128;
    private const int OldPromptTokens = 64;

    // Each row has the vendor's name of a model, and the parts (in lower case) that the name of a measured model must contain. Then follow the time to first
    // token in ms and the decode rate in tokens per second for each release, oldest release first.
    private static readonly (string Model, string[] NameParts, (string Runtime, double FirstTokenMs, double Rate)[] Figures)[] Rows =
    [
        ("Qwen2-0.5B", ["qwen2-", "0.5b"], [("1.2.1", 372.54, 40.26), ("1.2.3", 143.83, 42.58), ("1.3.0", 145.90, 41.58)]),
        ("Qwen3-0.6B", ["qwen3-", "0.6b"], [("1.2.1", 215.76, 29.52), ("1.2.3", 213.50, 32.16), ("1.3.0", 199.09, 32.91)]),
        ("TinyLLAMA-1.1B", ["tinyllama", "1.1b"], [("1.1.4", 140.46, 24.21), ("1.2.1", 294.6, 24.26), ("1.2.3", 239.00, 24.49), ("1.3.0", 243.93, 24.43)]),
        ("Qwen2-1.5B", ["qwen2-", "1.5b"], [("1.1.4", 206.00, 16.46)]),
        ("Qwen2.5-1.5B", ["qwen2.5-", "1.5b"], [("1.2.1", 412.27, 16.32), ("1.2.3", 412.27, 16.32), ("1.3.0", 378.31, 16.69)]),
        ("MiniCPM4-0.5B", ["minicpm4-", "0.5b"], [("1.3.0", 135.29, 45.34)]),
        ("Qwen3.5-0.8B", ["qwen3.5-", "0.8b"], [("1.3.0", 587.74, 27.05)]),
        ("Qwen3.5-2B", ["qwen3.5-", "2b"], [("1.3.0", 776.95, 13.59)]),
        ("Qwen3.5-4B", ["qwen3.5-", "4b"], [("1.3.0", 2068.88, 6.22)]),
        ("InternLM2-1.8B", ["internlm2-", "1.8b"], [("1.3.0", 380.14, 15.45)]),
        ("Gemma2-2B", ["gemma2-", "2b"], [("1.1.4", 342.29, 9.67), ("1.3.0", 598.41, 10.37)]),
        ("Phi3-3.8B", ["phi3-", "3.8b"], [("1.3.0", 1017.28, 7.45)]),
        ("ChatGLM3-6B", ["chatglm3-", "6b"], [("1.1.4", 800, 4.95), ("1.3.0", 1352.94, 4.98)]),
        ("Llama3-8B", ["llama3-", "8b"], [("1.1.4", 1128, 3.79)]),
        ("RWKV7-1.5B", ["rwkv7-", "1.5b"], [("1.3.0", 634.34, 13.82)]),
        ("MiniCPM3-4B", ["minicpm3-", "4b"], [("1.3.0", 1408.49, 5.94)]),
        ("Gemma4-E2B", ["gemma4-", "e2b"], [("1.3.0", 599.06, 11.12)]),
        ("Qwen3-VL-2B", ["qwen3-", "vl-2b"], [("1.3.0", 383.62, 14.98)]),
        // The vendor has no figure for this model. It has the architecture and the size of Qwen2.5-1.5B, so the row has the figures of that model.
        ("Qwen2.5-1.5B (base model of this distillation, for which the vendor has no figure)", ["deepseek-r1-", "1.5b"], [("1.2.1", 412.27, 16.32), ("1.2.3", 412.27, 16.32), ("1.3.0", 378.31, 16.69)]),
    ];

    /// <summary>
    /// Finds the vendor figure of a model. If the vendor measured the model with several runtime releases, the given release has priority, then the nearest
    /// older release, then the oldest one.
    /// </summary>
    /// <param name="model">The name of the model. It must contain the model family and size.</param>
    /// <param name="platform">The chip; <see langword="null"/> if unknown.</param>
    /// <param name="runtime">The runtime release; <see langword="null"/> if unknown. Then the newest release is used.</param>
    /// <param name="reason">Why there is no figure; <see langword="null"/> if there is one.</param>
    /// <returns><see langword="null"/> if there is no figure for the model, its quantization or the chip.</returns>
    internal static VendorFigure? Find(string model, string? platform, string? runtime, out string? reason)
    {
        string name = model.ToLowerInvariant().Replace('_', '-').Replace(' ', '-');
        if (platform != Platform)
        {
            reason = $"the vendor's figures are for RK3588; the platform of this node is {platform ?? "unknown"}";
            return null;
        }

        if (name.Contains("w4a16", StringComparison.Ordinal) || name.Contains("-g128", StringComparison.Ordinal) || name.Contains("-g256", StringComparison.Ordinal) || name.Contains("-g512", StringComparison.Ordinal))
        {
            reason = "the vendor's figures are for w8a8; the model's name contains another quantization";
            return null;
        }

        if (Array.FindAll(Rows, row => row.NameParts.All(part => HasPart(name, part))) is not [var only])
        {
            reason = $"the vendor has no figure for the family and size in the name {model}";
            return null;
        }

        reason = null;
        (string Runtime, double FirstTokenMs, double Rate) figure = only.Figures.LastOrDefault(one => Number(one.Runtime) <= Number(runtime));
        if (figure.Runtime is null)
            figure = runtime is null ? only.Figures[^1] : only.Figures[0];
        return new(only.Model, figure.Runtime, Number(figure.Runtime) < 10200 ? OldPromptTokens : PromptTokens, figure.FirstTokenMs, figure.Rate);
    }

    /// <summary>
    /// Whether the name contains the part as a whole word. No digit and no point may precede the part. No letter and no digit may follow it, except if the
    /// part ends with '-'. So 1.8b does not contain the part 8b.
    /// </summary>
    private static bool HasPart(string name, string part)
    {
        for (int at = name.IndexOf(part, StringComparison.Ordinal); at >= 0; at = name.IndexOf(part, at + 1, StringComparison.Ordinal))
        {
            char before = at == 0 ? '-' : name[at - 1], after = at + part.Length == name.Length ? '-' : name[at + part.Length];
            if (!char.IsAsciiDigit(before) && before != '.' && (part[^1] == '-' || !char.IsAsciiLetterOrDigit(after)))
                return true;
        }

        return false;
    }

    /// <summary>Returns a number to compare versions with: 10203 for 1.2.3; 0 if the version is unknown.</summary>
    private static int Number(string? version) => version?.Split('.') is [var major, var minor, var patch, ..]
        && int.TryParse(major, CultureInfo.InvariantCulture, out int one) && int.TryParse(minor, CultureInfo.InvariantCulture, out int two)
        && int.TryParse(string.Concat(patch.TakeWhile(char.IsAsciiDigit)), CultureInfo.InvariantCulture, out int three)
        ? (one * 10_000) + (two * 100) + three
        : 0;
}
