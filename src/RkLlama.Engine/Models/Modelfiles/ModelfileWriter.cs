using System.Globalization;
using System.Text;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>Writes a Modelfile in the form of the guide: <c>KEY="value"</c> and <c>KEY=number</c>, one line for each value that is set.</summary>
internal static class ModelfileWriter
{
    /// <summary>Returns the text of a Modelfile. <see cref="ModelfileReader"/> reads the same values from it.</summary>
    internal static string Write(Modelfile modelfile)
    {
        StringBuilder text = new();
        foreach ((string key, object? value) in ValuesOf(modelfile))
        {
            if (value is not null)
                text.Append(key).Append('=').Append(Format(value)).Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<(string Key, object? Value)> ValuesOf(Modelfile m) =>
    [
        ("FROM", m.From),
        ("HUGGINGFACE_PATH", m.HuggingFacePath),
        ("TOKENIZER", m.Tokenizer),
        ("SYSTEM", m.System),
        ("TEMPLATE", m.Template),
        ("TEMPERATURE", m.Temperature),
        ("TOP_K", m.TopK),
        ("TOP_P", m.TopP),
        ("REPEAT_PENALTY", m.RepeatPenalty),
        ("FREQUENCY_PENALTY", m.FrequencyPenalty),
        ("PRESENCE_PENALTY", m.PresencePenalty),
        ("MIROSTAT", m.Mirostat),
        ("MIROSTAT_TAU", m.MirostatTau),
        ("MIROSTAT_ETA", m.MirostatEta),
        ("MAX_NEW_TOKENS", m.MaxNewTokens == int.MaxValue ? -1 : m.MaxNewTokens),
        .. m.StopSequences.Select(static stop => ("STOP", (object?)stop)),
        ("NUM_CTX", m.NumCtx),
        ("ENABLE_THINKING", m.EnableThinking),
        ("TEMPLATE_MODE", m.TemplateMode),
        ("TOOLS", m.Tools),
        ("REUSE_KV_CACHE", m.ReuseKvCache),
        ("SLOTS", m.Slots),
        ("GUARD_SPECIAL_TOKENS", m.GuardSpecialTokens),
        ("POOLING", m.Pooling),
        ("EMBED_QUERY", m.EmbedQuery),
        ("EMBED_DOCUMENT", m.EmbedDocument),
        ("RERANK", m.Rerank),
        ("RERANK_TEMPLATE", m.RerankTemplate),
        ("RERANK_INSTRUCTION", m.RerankInstruction),
        ("RERANK_YES", m.RerankYes),
        ("RERANK_NO", m.RerankNo),
        ("RERANK_TOKENS", m.RerankTokens),
        .. m.Messages.Select(static message => ("MESSAGE", (object?)message)),
        ("LICENSE", m.License),
    ];

    private static string Format(object value) => value switch
    {
        string text => Quote(text),
        bool flag => flag ? "true" : "false",
        Enum choice => $"\"{choice.ToString().ToLowerInvariant()}\"",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>Quotes a text. Both readers of <c>KEY=value</c>, that of TOML and that of dotenv, know these escapes.</summary>
    private static string Quote(string text)
    {
        string escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);

        // In triple quotes only, references to variables are text, and a value may end with a backslash. The line break behind the quotes is not part of the value.
        return text.AsSpan().ContainsAny('\n', '\\') || text.Contains("${", StringComparison.Ordinal) ? $"\"\"\"\n{escaped}\"\"\"" : $"\"{escaped}\"";
    }
}
