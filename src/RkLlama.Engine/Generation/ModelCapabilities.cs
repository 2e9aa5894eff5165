using RkLlama.Engine.Residency;
using RkLlama.Output.Reasoning;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>The capabilities of a model, derived from its Modelfile and its chat template.</summary>
/// <param name="Completion">
/// Whether the model generates text. False for an embedding model: its Modelfile sets POOLING, and it has no chat template of its own.
/// </param>
/// <param name="Tools">Whether the chat template supports tools. The server reads the tool calls of a family that it does not know by their names.</param>
/// <param name="Thinking">Whether the chat template supports reasoning.</param>
internal readonly record struct ModelCapabilities(bool Completion, bool Tools, bool Thinking)
{
    internal static ModelCapabilities Of(ModelInstance model, PromptBuilder prompts) => new(
        model.Entry.Modelfile.Pooling is null || prompts.HasTemplate,
        prompts.Mode != PromptMode.Runtime && Mentions(prompts.ToolTemplateSource, "tools"),
        ReasoningTags.Find(prompts.TemplateSource) is not null || Mentions(prompts.TemplateSource, "enable_thinking"));

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
/// <param name="remedy">The command that downloads the missing tokenizer and chat template; null if the model has them, or if the command is not known.</param>
internal sealed class MissingCapabilityException(string model, RequiredCapabilities missing, string operation, string? remedy = null) : Exception((missing switch
{
    RequiredCapabilities.Tools => $"\"{model}\" does not support tools",
    RequiredCapabilities.Thinking => $"\"{model}\" does not support thinking",
    RequiredCapabilities.Insert => $"\"{model}\" does not support insert",
    _ => $"\"{model}\" does not support {operation}",
}) + (remedy is null ? "" : $" without its tokenizer: '{remedy}' downloads it"))
{
    /// <summary>A sentence about the missing tokenizer after a space; empty if the model has it, or if the command that downloads it is not known.</summary>
    internal string Remedy => remedy is null ? "" : $" Its tokenizer is missing: '{remedy}' downloads it.";

    internal string Model => model;

    internal RequiredCapabilities Missing => missing;
}
