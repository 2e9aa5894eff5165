using System.Text.Json;
using RkLlama.Prompts.Loading;

namespace RkLlama.Prompts;

/// <summary>The special tokens that chat templates can use as variables, such as <c>bos_token</c>.</summary>
/// <param name="ByName">The text of each token, by the name of the variable.</param>
internal sealed record SpecialTokens(IReadOnlyDictionary<string, string> ByName)
{
    /// <summary>The names of the variables that a configuration can define.</summary>
    public static IReadOnlyList<string> Names { get; } = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <param name="isKnown">Whether the model's vocabulary contains a token. Other tokens are left out.</param>
    public static SpecialTokens FromTemplate(BuiltInTemplate template, Func<string, bool>? isKnown = null)
    {
        Dictionary<string, string> texts = new() { ["eos_token"] = template.EosToken };
        if (template.BosToken is { } begin)
            texts["bos_token"] = begin;
        return new(isKnown is null ? texts : texts.Where(token => isKnown(token.Value)).ToDictionary());
    }

    /// <summary>
    /// Reads the special tokens from the root objects of <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c>. Each token is a string, or an
    /// object whose member <c>content</c> is the string.
    /// </summary>
    /// <param name="configs">The root objects, the most important one first. If one has null for a token, the model has no such token.</param>
    public static SpecialTokens FromConfig(params ReadOnlySpan<JsonElement> configs)
    {
        Dictionary<string, string> texts = [];
        foreach (string name in Names)
        {
            foreach (JsonElement config in configs)
            {
                if (!config.TryGetProperty(name, out JsonElement token))
                    continue;
                if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement content))
                    token = content;
                if (token.ValueKind == JsonValueKind.String)
                    texts[name] = token.GetString()!;
                break;
            }
        }

        return new(texts);
    }
}
