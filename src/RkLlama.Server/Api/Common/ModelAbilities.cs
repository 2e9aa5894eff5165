using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Output.ToolCalls;
using RkLlama.Prompts;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>What a model can do, as its chat template tells it.</summary>
internal static class ModelAbilities
{
    internal static bool TakesTools(this PromptBuilder prompts) =>
        prompts.Mode != PromptMode.Runtime && ToolSyntaxDetector.Detect(prompts.ToolTemplateSource) != ToolSyntax.None && Mentions(prompts.ToolTemplateSource, "tools");

    internal static bool Thinks(this PromptBuilder prompts) =>
        Mentions(prompts.TemplateSource, "<think>") || Mentions(prompts.TemplateSource, "enable_thinking") || Mentions(prompts.TemplateSource, "</think>");

    /// <summary>Whether it is for text. One whose Modelfile says how it makes vectors, and that came without a chat template, is for embeddings alone.</summary>
    internal static bool Completes(this PromptBuilder prompts, LoadedModel model) => model.Entry.Modelfile.Pooling is null || prompts.HasTemplate;

    /// <param name="name">The model, as the request names it.</param>
    /// <param name="wish">What the request wants of it.</param>
    /// <exception cref="ApiException">400: it is for embeddings.</exception>
    internal static void RequireCompletion(this PreparedAnswer answer, string name, string wish)
    {
        if (!answer.Prompts.Completes(answer.Model))
            throw ApiException.BadRequest($"\"{name}\" does not support {wish}", "model");
    }

    private static bool Mentions(string source, string word) => source.Contains(word, StringComparison.Ordinal);
}
