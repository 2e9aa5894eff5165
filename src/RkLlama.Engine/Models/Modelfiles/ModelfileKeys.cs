using System.Globalization;
using RkLlama.Prompts;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>A key that a Modelfile may have.</summary>
/// <param name="Name">The key as it is written in the file.</param>
/// <param name="Allowed">The allowed values, as the end of an error message "it must be …".</param>
/// <param name="Set">Returns a copy of the Modelfile in which the key has the given value, or null if the value is not allowed.</param>
internal sealed record ModelfileKey(string Name, string Allowed, Func<Modelfile, string, Modelfile?> Set)
{
    /// <summary>Whether the key may occur several times, and has all the values then.</summary>
    public bool IsList => Clear is not null;

    /// <summary>Returns a copy of the Modelfile without the values of the key, if it may occur several times; otherwise <see langword="null"/>.</summary>
    public Func<Modelfile, Modelfile>? Clear { get; init; }

    /// <summary>Whether several values of the key are the lines of one text.</summary>
    public bool JoinsValues { get; init; }

    /// <summary>Returns a copy of the Modelfile to which the values are added, or null if one of them is not allowed. Takes time in proportion to their length.</summary>
    public Modelfile? Add(Modelfile modelfile, IReadOnlyList<string> values)
    {
        if (JoinsValues && values.Count > 1)
            return Set(modelfile, string.Join('\n', values.SkipWhile(static value => value.Length == 0)));
        Modelfile? changed = modelfile;
        for (int i = 0; i < values.Count && changed is not null; i++)
            changed = Set(changed, values[i]);
        return changed;
    }
}

/// <summary>All keys that a Modelfile may have. <c>docs/modelfile.md</c> describes them.</summary>
internal static class ModelfileKeys
{
    private const int MaxNumberChars = 64;

    // Larger values have the same effect, because most vocabularies are about as large.
    private const int MaxTopK = 100_000;

    // The same limits as for the stop sequences of a request.
    private const int MaxStops = 64;
    private const int MaxStopChars = 16 << 10;

    /// <summary>The keys in the order in which their values are set.</summary>
    public static readonly IReadOnlyList<ModelfileKey> All =
    [
        Text("FROM", (m, v) => m with { From = NullIfEmpty(v) }),
        Text("HUGGINGFACE_PATH", (m, v) => m with { HuggingFacePath = NullIfEmpty(v) }),
        // The name of the key in older documentation. This line must stay after HUGGINGFACE_PATH, which has priority.
        Text("HUGGINGFACE", (m, v) => m with { HuggingFacePath = m.HuggingFacePath ?? NullIfEmpty(v) }),
        Text("TOKENIZER", (m, v) => m with { Tokenizer = NullIfEmpty(v) }),
        Text("LICENSE", (m, v) => m with { License = m.License is { } license ? $"{license}\n{v}" : NullIfEmpty(v) }) with { Clear = static m => m with { License = null }, JoinsValues = true },
        Text("SYSTEM", (m, v) => m with { System = v }),
        new("MESSAGE", $"a role ({string.Join(", ", ModelfileMessage.Roles)}), a blank and a text without NUL characters", AddMessage) { Clear = static m => m with { Messages = TextList.Empty } },
        Number("TEMPERATURE", "a number from 0 to 2", v => v is >= 0 and <= 2, (m, v) => m with { Temperature = v }),
        Whole("TOP_K", -1, int.MaxValue, (m, v) => m with { TopK = Math.Min(v, MaxTopK) }),
        Number("TOP_P", "a number from 0 to 1", v => v is >= 0 and <= 1, (m, v) => m with { TopP = v }),
        // 0 would be a division by zero in the runtime. It means that the penalty is off.
        Number("REPEAT_PENALTY", "a number from 0 up", v => v >= 0 && float.IsFinite((float)v), (m, v) => m with { RepeatPenalty = v == 0 ? 1 : v }),
        Number("FREQUENCY_PENALTY", "a number from -2 to 2", v => v is >= -2 and <= 2, (m, v) => m with { FrequencyPenalty = v }),
        Number("PRESENCE_PENALTY", "a number from -2 to 2", v => v is >= -2 and <= 2, (m, v) => m with { PresencePenalty = v }),
        Whole("MIROSTAT", 0, 2, (m, v) => m with { Mirostat = v }),
        Number("MIROSTAT_TAU", "a number from 0 up", v => v >= 0, (m, v) => m with { MirostatTau = v }),
        Number("MIROSTAT_ETA", "a number from 0 up", v => v >= 0, (m, v) => m with { MirostatEta = v }),
        // Without a limit, the context length is the limit.
        Number("MAX_NEW_TOKENS", "a whole number of 1 or more, or -1 for no limit", v => v == Math.Floor(v) && v is -1 or (>= 1 and <= int.MaxValue), (m, v) => m with { MaxNewTokens = v < 0 ? int.MaxValue : (int)v }),
        new("STOP", $"text without NUL characters; at most {MaxStops} texts with {MaxStopChars} characters together", AddStop) { Clear = static m => m with { StopSequences = TextList.Empty } },
        Whole("NUM_CTX", 32, 1_048_576, (m, v) => m with { NumCtx = v }),
        Flag("ENABLE_THINKING", (m, v) => m with { EnableThinking = v }),
        Text("TEMPLATE", (m, v) => m with { Template = NullIfEmpty(v) }),
        Choice("TEMPLATE_MODE", "tokens, text or runtime", TemplateModeOf, (m, v) => m with { TemplateMode = v }),
        Choice("TOOLS", "template or generic", ToolPromptOf, (m, v) => m with { Tools = v }),
        Flag("REUSE_KV_CACHE", (m, v) => m with { ReuseKvCache = v }),
        Whole("SLOTS", 1, 8, (m, v) => m with { Slots = v }),
        Flag("GUARD_SPECIAL_TOKENS", (m, v) => m with { GuardSpecialTokens = v }),
        Choice("POOLING", "last or mean", PoolingOf, (m, v) => m with { Pooling = v }),
        TextAround("EMBED_QUERY", (m, v) => m with { EmbedQuery = v }),
        TextAround("EMBED_DOCUMENT", (m, v) => m with { EmbedDocument = v }),
        Flag("RERANK", (m, v) => m with { Rerank = v }),
        Text("RERANK_TEMPLATE", (m, v) => m with { RerankTemplate = NullIfEmpty(v) }),
        Text("RERANK_INSTRUCTION", (m, v) => m with { RerankInstruction = NullIfEmpty(v) }),
        Text("RERANK_YES", (m, v) => m with { RerankYes = NullIfEmpty(v) }),
        Text("RERANK_NO", (m, v) => m with { RerankNo = NullIfEmpty(v) }),
        Whole("RERANK_TOKENS", 64, 1_048_576, (m, v) => m with { RerankTokens = v }),
    ];

    private static readonly Dictionary<string, ModelfileKey> ByName = All.ToDictionary(key => key.Name, StringComparer.Ordinal);
    private static readonly Dictionary<string, ModelfileKey> ByAnyCase = All.ToDictionary(key => key.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Finds a key by its exact name. Returns <see langword="null"/> if there is no such key.</summary>
    public static ModelfileKey? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Finds a key by its name, ignoring case. Returns <see langword="null"/> if there is no such key.</summary>
    public static ModelfileKey? FindAnyCase(string name) => ByAnyCase.GetValueOrDefault(name);

    private static Modelfile? AddStop(Modelfile modelfile, string text)
    {
        if (text.Length == 0)
            return modelfile;
        TextList stops = modelfile.StopSequences;
        return text.Contains('\0') || stops.Count >= MaxStops || stops.Sum(stop => stop.Length) + text.Length > MaxStopChars
            ? null
            : modelfile with { StopSequences = stops.Add(text) };
    }

    private static Modelfile? AddMessage(Modelfile modelfile, string text) =>
        !text.Contains('\0') && ModelfileMessage.Parse(text) is { } message ? modelfile with { Messages = modelfile.Messages.Add(message.ToString()) } : null;

    private static ModelfileKey Text(string name, Func<Modelfile, string, Modelfile> set) =>
        new(name, "text without NUL characters", (m, v) => v.Contains('\0') ? null : set(m, v));

    /// <summary>Creates a key for a text around a text of a client.</summary>
    private static ModelfileKey TextAround(string name, Func<Modelfile, string, Modelfile> set) => Optional(
        name,
        $"text with the placeholder {TextTemplate.Placeholder}, without NUL characters",
        (m, v) => v.Contains(TextTemplate.Placeholder, StringComparison.Ordinal) && !v.Contains('\0') ? set(m, v) : null);

    private static ModelfileKey Number(string name, string allowed, Func<double, bool> accepts, Func<Modelfile, double, Modelfile> set) =>
        Optional(name, allowed, (m, v) => ParseNumber(v) is { } number && accepts(number) ? set(m, number) : null);

    private static ModelfileKey Whole(string name, int min, int max, Func<Modelfile, int, Modelfile> set) => Optional(
        name,
        $"a whole number from {min} to {max}",
        (m, v) => ParseNumber(v) is { } number && number == Math.Floor(number) && number >= min && number <= max ? set(m, (int)number) : null);

    private static ModelfileKey Flag(string name, Func<Modelfile, bool, Modelfile> set) =>
        Optional(name, "true or false (also 1 or 0, yes or no, on or off)", (m, v) => ParseFlag(v) is { } flag ? set(m, flag) : null);

    private static ModelfileKey Choice<T>(string name, string allowed, Func<string, T?> parse, Func<Modelfile, T, Modelfile> set)
        where T : struct, Enum =>
        Optional(name, allowed, (m, v) => parse(Normalize(v)) is { } choice ? set(m, choice) : null);

    /// <summary>Creates a key for which a blank value counts as absent.</summary>
    private static ModelfileKey Optional(string name, string allowed, Func<Modelfile, string, Modelfile?> set) =>
        new(name, allowed, (m, v) => string.IsNullOrWhiteSpace(v) ? m : set(m, v));

    private static double? ParseNumber(string text) =>
        double.TryParse(RemoveDigitSeparators(text), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;

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

    private static ToolPrompt? ToolPromptOf(string text) => text switch
    {
        "template" => ToolPrompt.Template,
        "generic" => ToolPrompt.Generic,
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
