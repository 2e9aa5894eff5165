using RkLlama.Prompts;
using RkLlama.Server.Output;

namespace RkLlama.Server.Endpoints;

/// <summary>What a model can do, as its chat template tells it.</summary>
internal static class ModelAbilities
{
    internal static bool TakesTools(this PromptBuilder prompts) =>
        prompts.Mode != PromptMode.Runtime && ToolSyntaxes.Detect(prompts.ToolTemplateSource) != ToolSyntax.None && Mentions(prompts.ToolTemplateSource, "tools");

    internal static bool Thinks(this PromptBuilder prompts) =>
        Mentions(prompts.TemplateSource, "<think>") || Mentions(prompts.TemplateSource, "enable_thinking") || Mentions(prompts.TemplateSource, "</think>");

    private static bool Mentions(string source, string word) => source.Contains(word, StringComparison.Ordinal);
}
