using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>A request for an answer, the same for all APIs.</summary>
/// <param name="Conversation">The conversation to continue; not used with a <see cref="RawPrompt"/>.</param>
/// <param name="Sampling">Sampling values that differ from the model's own.</param>
/// <param name="MaxNewTokens">Bound of the answer in tokens; <see langword="null"/> for the model's.</param>
internal sealed record GenerationRequest(Conversation Conversation, SamplingParameters Sampling, int? MaxNewTokens)
{
    /// <summary>The model that the request names; <see langword="null"/> for the one that is loaded.</summary>
    internal string? Model { get; init; }

    /// <summary>A prompt that is used without a chat template.</summary>
    internal string? RawPrompt { get; init; }

    /// <summary>The request's field with the prompt, for error messages.</summary>
    internal string PromptField { get; init; } = "messages";

    /// <summary>How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</summary>
    internal TimeSpan? KeepAlive { get; init; }

    /// <summary>How the text is processed; <see langword="null"/> leaves it as the model writes it.</summary>
    internal OutputOptions? Output { get; init; }

    /// <summary>What the model must be able to do.</summary>
    internal RequiredCapabilities Requires { get; init; }

    /// <summary>The operation in the API's word, for error messages, e.g. <c>chat</c>.</summary>
    internal string Operation { get; init; } = "generate";

    /// <summary>The request's trace; filled while the answer is produced.</summary>
    internal required RequestTrace Trace { get; init; }
}

/// <summary>What a request asks of a model. A model that lacks one is refused before the request is queued.</summary>
[Flags]
internal enum RequiredCapabilities
{
    None = 0,

    /// <summary>The model generates text; it is not for embeddings alone.</summary>
    Completion = 1,

    /// <summary>Its chat template takes tools.</summary>
    Tools = 2,

    /// <summary>It can think before it answers.</summary>
    Thinking = 4,
}
