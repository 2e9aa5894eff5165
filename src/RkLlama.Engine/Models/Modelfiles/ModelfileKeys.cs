using System.Globalization;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>A key that a Modelfile may have.</summary>
/// <param name="Name">The key as it is written in the file.</param>
/// <param name="Allowed">The allowed values, as the end of an error message "it must be …".</param>
/// <param name="Set">Returns a copy of the Modelfile in which the key has the given value, or null if the value is not allowed.</param>
internal sealed record ModelfileKey(string Name, string Allowed, Func<Modelfile, string, Modelfile?> Set);

/// <summary>All keys that a Modelfile may have. <c>docs/modelfile.md</c> describes them.</summary>
internal static class ModelfileKeys
{
    private const int MaxNumberChars = 64;

    /// <summary>The keys in the order in which their values are set.</summary>
    public static readonly IReadOnlyList<ModelfileKey> All =
    [
        Text("FROM", (m, v) => m with { From = NullIfEmpty(v) }),
        Text("HUGGINGFACE_PATH", (m, v) => m with { HuggingFacePath = NullIfEmpty(v) }),
        // The name of the key in older documentation. This line must stay after HUGGINGFACE_PATH, which has priority.
        Text("HUGGINGFACE", (m, v) => m with { HuggingFacePath = m.HuggingFacePath ?? NullIfEmpty(v) }),
        Text("SYSTEM", (m, v) => m with { System = v }),
        Number("TEMPERATURE", "a number from 0 to 2", v => v is >= 0 and <= 2, (m, v) => m with { Temperature = v }),
        Whole("TOP_K", 0, 100_000, (m, v) => m with { TopK = v }),
        Number("TOP_P", "a number above 0 and up to 1", v => v is > 0 and <= 1, (m, v) => m with { TopP = v }),
        Number("REPEAT_PENALTY", "a number above 0 and up to 10", v => v is > 0 and <= 10, (m, v) => m with { RepeatPenalty = v }),
        Number("FREQUENCY_PENALTY", "a number from -2 to 2", v => v is >= -2 and <= 2, (m, v) => m with { FrequencyPenalty = v }),
        Number("PRESENCE_PENALTY", "a number from -2 to 2", v => v is >= -2 and <= 2, (m, v) => m with { PresencePenalty = v }),
        Whole("MIROSTAT", 0, 2, (m, v) => m with { Mirostat = v }),
        Number("MIROSTAT_TAU", "a number from 0 up", v => v >= 0, (m, v) => m with { MirostatTau = v }),
        Number("MIROSTAT_ETA", "a number from 0 up", v => v >= 0, (m, v) => m with { MirostatEta = v }),
        Whole("MAX_NEW_TOKENS", 1, int.MaxValue, (m, v) => m with { MaxNewTokens = v }),
        Whole("NUM_CTX", 32, 1_048_576, (m, v) => m with { NumCtx = v }),
        Flag("ENABLE_THINKING", (m, v) => m with { EnableThinking = v }),
        Text("TEMPLATE", (m, v) => m with { Template = NullIfEmpty(v) }),
        Choice("TEMPLATE_MODE", "tokens, text or runtime", TemplateModeOf, (m, v) => m with { TemplateMode = v }),
        Flag("REUSE_KV_CACHE", (m, v) => m with { ReuseKvCache = v }),
        Flag("GUARD_SPECIAL_TOKENS", (m, v) => m with { GuardSpecialTokens = v }),
        Choice("POOLING", "last or mean", PoolingOf, (m, v) => m with { Pooling = v }),
    ];

    private static readonly Dictionary<string, ModelfileKey> ByName = All.ToDictionary(key => key.Name, StringComparer.Ordinal);
    private static readonly Dictionary<string, ModelfileKey> ByAnyCase = All.ToDictionary(key => key.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Finds a key by its exact name. Returns <see langword="null"/> if there is no such key.</summary>
    public static ModelfileKey? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Finds a key by its name, ignoring case. Returns <see langword="null"/> if there is no such key.</summary>
    public static ModelfileKey? FindAnyCase(string name) => ByAnyCase.GetValueOrDefault(name);

    private static ModelfileKey Text(string name, Func<Modelfile, string, Modelfile> set) =>
        new(name, "text without NUL characters", (m, v) => v.Contains('\0') ? null : set(m, v));

    private static ModelfileKey Number(string name, string allowed, Func<double, bool> accepts, Func<Modelfile, double, Modelfile> set) =>
        new(name, allowed, (m, v) => ParseNumber(v) is { } number && accepts(number) ? set(m, number) : null);

    private static ModelfileKey Whole(string name, int min, int max, Func<Modelfile, int, Modelfile> set) =>
        new(name, $"a whole number from {min} to {max}", (m, v) => ParseWhole(v) is { } number && number >= min && number <= max ? set(m, number) : null);

    private static ModelfileKey Flag(string name, Func<Modelfile, bool, Modelfile> set) =>
        new(name, "true or false (also 1 or 0, yes or no, on or off)", (m, v) => ParseFlag(v) is { } flag ? set(m, flag) : null);

    private static ModelfileKey Choice<T>(string name, string allowed, Func<string, T?> parse, Func<Modelfile, T, Modelfile> set)
        where T : struct, Enum =>
        new(name, allowed, (m, v) => parse(Normalize(v)) is { } choice ? set(m, choice) : null);

    private static double? ParseNumber(string text) =>
        double.TryParse(RemoveDigitSeparators(text), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;

    private static int? ParseWhole(string text) =>
        int.TryParse(RemoveDigitSeparators(text), NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <summary>Removes underscores between digits: TOML and Python allow 4_096 for 4096. Other underscores stay, so the number is invalid.</summary>
    private static string RemoveDigitSeparators(string text)
    {
        if (text.Length > MaxNumberChars)
        {
            return text;
        }

        for (int i = text.IndexOf('_', StringComparison.Ordinal); i > 0 && i + 1 < text.Length; i = text.IndexOf('_', i))
        {
            if (!char.IsAsciiDigit(text[i - 1]) || !char.IsAsciiDigit(text[i + 1]))
            {
                break;
            }

            text = text.Remove(i, 1);
        }

        return text;
    }

    private static bool? ParseFlag(string text) => Normalize(text) switch
    {
        "true" or "1" or "yes" or "on" => true,
        "false" or "0" or "no" or "off" => false,
        _ => null,
    };

    private static TemplateMode? TemplateModeOf(string text) => text switch
    {
        "tokens" => TemplateMode.Tokens,
        "text" => TemplateMode.Text,
        "runtime" => TemplateMode.Runtime,
        _ => null,
    };

    private static Pooling? PoolingOf(string text) => text switch
    {
        "last" => Pooling.Last,
        "mean" => Pooling.Mean,
        _ => null,
    };

    private static string Normalize(string text) => text.Trim().ToLowerInvariant();

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
