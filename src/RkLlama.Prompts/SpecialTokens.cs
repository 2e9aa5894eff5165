using System.Text.Json;

namespace RkLlama.Prompts;

/// <summary>The special tokens that chat templates can use as variables, such as <c>bos_token</c>.</summary>
/// <param name="ByName">The text of each token, by the name of the variable.</param>
internal sealed record SpecialTokens(IReadOnlyDictionary<string, string> ByName)
{
    private static readonly string[] _names = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    public static SpecialTokens FromTemplate(BuiltInTemplate template)
    {
        Dictionary<string, string> texts = new() { ["eos_token"] = template.EosToken };
        if (template.BosToken is { } begin)
            texts["bos_token"] = begin;
        return new(texts);
    }

    /// <summary>
    /// Reads the special tokens from the root object of <c>tokenizer_config.json</c>. Each token is a string, or an object whose member <c>content</c> is
    /// the string.
    /// </summary>
    public static SpecialTokens FromConfig(JsonElement config)
    {
        Dictionary<string, string> texts = [];
        foreach (string name in _names)
        {
            if (!config.TryGetProperty(name, out JsonElement token))
                continue;
            if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement content))
                token = content;
            if (token.ValueKind == JsonValueKind.String)
                texts[name] = token.GetString()!;
        }
        return new(texts);
    }
}
