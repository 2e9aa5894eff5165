using System.Globalization;
using System.Text;
using RkLlama.Engine.Models;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Residency;

/// <summary>Identifies what the beginning of a model's prompts depends on: the chat template, the tokenizer, and the system prompt of the Modelfile.</summary>
internal static class PromptIdentities
{
    // The runtime saves no prompts of these architectures, or does not reuse them.
    private static readonly string[] Unsupported = ["rwkv", "qwen3.5", "qwen35"];

    /// <returns>A hash; <see langword="null"/> if the prompts are not sent as token ids, or the architecture of the model has no reusable KV cache.</returns>
    internal static string? Of(ModelEntry entry, PromptBuilder prompts)
    {
        if (prompts.Mode != PromptMode.Tokens || Unsupported.Any(name => Names(entry).Contains(name, StringComparison.OrdinalIgnoreCase)))
            return null;
        string[] parts =
        [
            prompts.TemplateSource,
            prompts.ToolTemplateSource,
            entry.Modelfile.System ?? "",
            string.Join('\0', entry.Modelfile.Messages),
            entry.Modelfile.EnableThinking?.ToString() ?? "",
            (entry.Modelfile.GuardSpecialTokens ?? true).ToString(),
            prompts.Tokenizer!.FileSize.ToString(CultureInfo.InvariantCulture),
            prompts.Tokenizer.VocabularySize.ToString(CultureInfo.InvariantCulture),
        ];
        return FileHash.Sha256Of(Encoding.UTF8.GetBytes(string.Join('\0', parts.Select(static part => $"{part.Length}:{part}"))));
    }

    private static string Names(ModelEntry entry) => $"{entry.Name} {Path.GetFileName(entry.ModelPath)} {entry.Modelfile.HuggingFacePath}";
}
