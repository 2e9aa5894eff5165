using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>How many tokens an answer may have.</summary>
/// <param name="MaxNewTokens">What the request asks for and the model allows, at most what the prompt leaves of the context; null for the model's own bound.</param>
internal readonly record struct TokenBudget(int? MaxNewTokens)
{
    /// <summary>A prompt that leaves less than this is too long: an answer of a few tokens would only look like one.</summary>
    internal const int Min = 16;

    /// <param name="promptField">Where the request has its prompt.</param>
    /// <exception cref="ContextLengthException">The prompt is too long; the NPU was not asked.</exception>
    internal static TokenBudget For(Prompt prompt, ModelInstance model, int? asked, string promptField)
    {
        (int contextLength, int max) = (model.ContextLength, model.MaxNewTokens);

        // An estimate is no reason to refuse: the runtime itself counts the tokens of a text.
        if (prompt.Tokens is null)
            return new(asked is { } wanted ? Math.Min(wanted, max) : null);

        int room = contextLength - prompt.TokenCount;
        if (room < Math.Min(Min, asked ?? Min))
            throw new ContextLengthException(prompt.TokenCount, contextLength, promptField);
        return new(Math.Min(room, Math.Min(asked ?? max, max)));
    }
}

/// <summary>The prompt leaves no room for an answer in the model's context.</summary>
/// <param name="promptField">Where the request has its prompt.</param>
/// <param name="min">Tokens that must be left for the answer; 0 for a text to be embedded, which has none.</param>
internal sealed class ContextLengthException(int promptTokens, int contextLength, string promptField, int min = TokenBudget.Min) : Exception(min > 0
    ? $"The prompt has {promptTokens} tokens and the model's context length is {contextLength}: at least {min} must be left for the answer. Shorten the conversation, or raise NUM_CTX if the model allows it."
    : $"The text has {promptTokens} tokens and the model's context length is {contextLength}: send a shorter one.")
{
    internal int PromptTokens => promptTokens;

    internal int ContextLength => contextLength;

    internal string PromptField => promptField;
}
