using RkLlama.Engine.Residency;
using RkLlama.Output.ToolCalls;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>What a model can do, by its Modelfile and its chat template.</summary>
/// <param name="Completion">Generates text. A model with POOLING in its Modelfile and no chat template of its own is for embeddings alone.</param>
/// <param name="Tools">Its chat template takes tools, and the syntax of its calls is known.</param>
/// <param name="Thinking">Its chat template knows reasoning.</param>
internal readonly record struct ModelCapabilities(bool Completion, bool Tools, bool Thinking)
{
    internal static ModelCapabilities Of(ModelInstance model, PromptBuilder prompts) => new(
        model.Entry.Modelfile.Pooling is null || prompts.HasTemplate,
        prompts.Mode != PromptMode.Runtime && ToolSyntaxDetector.Detect(prompts.ToolTemplateSource) != ToolSyntax.None && Mentions(prompts.ToolTemplateSource, "tools"),
        Mentions(prompts.TemplateSource, "<think>") || Mentions(prompts.TemplateSource, "enable_thinking") || Mentions(prompts.TemplateSource, "</think>"));

    /// <summary>The first capability of these that the model lacks; <see cref="RequiredCapabilities.None"/> if it has all.</summary>
    internal RequiredCapabilities FirstMissing(RequiredCapabilities required)
    {
        if (required.HasFlag(RequiredCapabilities.Completion) && !Completion)
            return RequiredCapabilities.Completion;
        if (required.HasFlag(RequiredCapabilities.Tools) && !Tools)
            return RequiredCapabilities.Tools;
        return required.HasFlag(RequiredCapabilities.Thinking) && !Thinking ? RequiredCapabilities.Thinking : RequiredCapabilities.None;
    }

    private static bool Mentions(string source, string word) => source.Contains(word, StringComparison.Ordinal);
}

/// <summary>The model cannot do what the request asks for.</summary>
/// <param name="model">The model, as the request names it.</param>
/// <param name="operation">The operation in the API's word.</param>
internal sealed class MissingCapabilityException(string model, RequiredCapabilities missing, string operation) : Exception(missing switch
{
    RequiredCapabilities.Tools => $"\"{model}\" does not support tools",
    RequiredCapabilities.Thinking => $"\"{model}\" does not support thinking",
    _ => $"\"{model}\" does not support {operation}",
})
{
    internal string Model => model;

    internal RequiredCapabilities Missing => missing;
}
