using System.Collections.Frozen;
using System.Globalization;

namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>The parameters of Ollama's instruction PARAMETER, and the keys of a Modelfile that have the same meaning.</summary>
internal static class OllamaParameters
{
    private const string NumPredict = "num_predict";

    private static readonly FrozenDictionary<string, string> _keys = new Dictionary<string, string>
    {
        ["num_ctx"] = "NUM_CTX",
        [NumPredict] = "MAX_NEW_TOKENS",
        ["temperature"] = "TEMPERATURE",
        ["top_k"] = "TOP_K",
        ["top_p"] = "TOP_P",
        ["repeat_penalty"] = "REPEAT_PENALTY",
        ["frequency_penalty"] = "FREQUENCY_PENALTY",
        ["presence_penalty"] = "PRESENCE_PENALTY",
        ["mirostat"] = "MIROSTAT",
        ["mirostat_tau"] = "MIROSTAT_TAU",
        ["mirostat_eta"] = "MIROSTAT_ETA",
        ["stop"] = "STOP",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Parameters of Ollama that the runtime does not have.
    private static readonly FrozenSet<string> _unsupported = FrozenSet.Create(
        StringComparer.Ordinal,
        "seed", "min_p", "typical_p", "tfs_z", "repeat_last_n", "num_keep", "penalize_newline", "num_batch", "num_gpu", "main_gpu", "num_thread", "use_mmap", "use_mlock",
        "low_vram", "vocab_only", "f16_kv", "numa", "num_gqa", "logits_all", "embedding_only", "rope_frequency_base", "rope_frequency_scale");

    /// <summary>Returns the key that has the meaning of a parameter; null if there is none.</summary>
    /// <param name="name">The name in lower case.</param>
    internal static string? KeyOf(string name) => _keys.GetValueOrDefault(name);

    /// <summary>
    /// Converts the value of a parameter to the value of its key. Each negative <c>num_predict</c> means no limit.
    /// </summary>
    internal static string ValueOf(string name, string value) =>
        name == NumPredict && int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int tokens) && tokens < 0
            ? "-1"
            : value;

    /// <summary>Returns a warning for a parameter without a key.</summary>
    internal static string Refusal(string name) => _unsupported.Contains(name)
        ? $"the runtime has no parameter {name}; it is ignored"
        : $"unknown parameter '{(name.Length <= 60 ? name : name[..60] + "…")}' is ignored";
}
