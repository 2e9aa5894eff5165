using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>A request to generate text. All APIs convert their requests to this type.</summary>
/// <param name="Conversation">The conversation to continue. Ignored if <see cref="RawPrompt"/> is set.</param>
/// <param name="Sampling">Sampling values of the request. A value that is null means the default of the model.</param>
/// <param name="MaxNewTokens">Maximum number of tokens to generate; <see langword="null"/> for the model's maximum.</param>
internal sealed record GenerationRequest(Conversation Conversation, SamplingParameters Sampling, int? MaxNewTokens)
{
    /// <summary>The model that the request names; <see langword="null"/> for the loaded model.</summary>
    internal string? Model { get; init; }

    /// <summary>A prompt that replaces the conversation and gets no chat template; <see langword="null"/> for none.</summary>
    internal string? RawPrompt { get; init; }

    /// <summary>
    /// The text after a gap. <see cref="RawPrompt"/> is the text before it, and the output is the text of the gap. <see langword="null"/> if there is no gap.
    /// </summary>
    internal string? Suffix { get; init; }

    /// <summary>The token ids of the prompt, in place of a text; <see langword="null"/> for none. They replace the conversation and the raw prompt.</summary>
    internal IReadOnlyList<int>? RawTokens { get; init; }

    /// <summary>Name of the request field that contains the prompt, for error messages.</summary>
    internal string PromptField { get; init; } = "messages";

    /// <summary>Whether no person waits for the answer, so that it gives way to other requests.</summary>
    internal bool IsBackground { get; init; }

    /// <summary>How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</summary>
    internal TimeSpan? KeepAlive { get; init; }

    /// <summary>How the output is processed; <see langword="null"/> to return the text as the model generates it.</summary>
    internal OutputOptions? Output { get; init; }

    /// <summary>The capabilities that the model must have to serve the request.</summary>
    internal RequiredCapabilities Requires { get; init; }

    /// <summary>Name of the operation in the API, for error messages, for example <c>chat</c>.</summary>
    internal string Operation { get; init; } = "generate";

    /// <summary>Records the progress of the request during the generation.</summary>
    internal required RequestTrace Trace { get; init; }
}

/// <summary>Capabilities that a request needs. If the model lacks one of them, the request is rejected before it is queued.</summary>
[Flags]
internal enum RequiredCapabilities
{
    None = 0,

    /// <summary>The model generates text. It is not an embedding model.</summary>
    Completion = 1,

    /// <summary>The model's chat template supports tools.</summary>
    Tools = 2,

    /// <summary>The model supports reasoning before its answer.</summary>
    Thinking = 4,

    /// <summary>The model's vocabulary supports fill-in-the-middle.</summary>
    Insert = 8,
}
