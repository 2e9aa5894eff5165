using RkLlama.Engine.Residency;
using RkLlama.Output.ToolCalls;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>The capabilities of a model, derived from its Modelfile and its chat template.</summary>
/// <param name="Completion">
/// Whether the model generates text. False for an embedding model: its Modelfile sets POOLING, and it has no chat template of its own.
/// </param>
/// <param name="Tools">Whether the chat template supports tools, and the server knows the syntax of the model's tool calls.</param>
/// <param name="Thinking">Whether the chat template supports reasoning.</param>
internal readonly record struct ModelCapabilities(bool Completion, bool Tools, bool Thinking)
{
    internal static ModelCapabilities Of(ModelInstance model, PromptBuilder prompts) => new(
        model.Entry.Modelfile.Pooling is null || prompts.HasTemplate,
        prompts.Mode != PromptMode.Runtime && ToolSyntaxDetector.Detect(prompts.ToolTemplateSource) != ToolSyntax.None && Mentions(prompts.ToolTemplateSource, "tools"),
        Mentions(prompts.TemplateSource, "<think>") || Mentions(prompts.TemplateSource, "enable_thinking") || Mentions(prompts.TemplateSource, "</think>"));

    /// <summary>Returns the first required capability that the model lacks; <see cref="RequiredCapabilities.None"/> if it has all of them.</summary>
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

/// <summary>The model lacks a capability that the request needs.</summary>
/// <param name="model">The model's name as in the request.</param>
/// <param name="operation">Name of the operation in the API, for the message.</param>
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
