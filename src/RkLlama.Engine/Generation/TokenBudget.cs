using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>The maximum number of tokens of a generation.</summary>
/// <param name="MaxNewTokens">
/// The lowest of: the request's maximum, the model's maximum, and the tokens that the prompt leaves in the context if they are known. Null for the model's
/// maximum.
/// </param>
internal readonly record struct TokenBudget(int? MaxNewTokens)
{
    /// <summary>A prompt that leaves fewer tokens in the context is too long, because such a short output would be useless.</summary>
    internal const int MinOutputTokens = 16;

    /// <summary>Computes the budget from the prompt, the model and the request.</summary>
    /// <param name="asked">The request's maximum; null for none. If it is less than <see cref="MinOutputTokens"/>, the prompt may leave as few tokens.</param>
    /// <param name="promptField">Name of the request field that contains the prompt.</param>
    /// <exception cref="ContextLengthException">The prompt is too long.</exception>
    internal static TokenBudget For(Prompt prompt, ModelInstance model, int? asked, string promptField)
    {
        (int contextLength, int max) = (model.ContextLength, model.MaxNewTokens);

        // Without tokens, TokenCount is only an estimate, so the prompt is not rejected here. The runtime counts the tokens itself.
        if (prompt.Tokens is null)
            return new(asked is { } wanted ? Math.Min(wanted, max) : null);

        int room = contextLength - prompt.TokenCount;
        if (room < Math.Min(MinOutputTokens, asked ?? MinOutputTokens))
            throw new ContextLengthException(prompt.TokenCount, contextLength, promptField);
        return new(Math.Min(room, Math.Min(asked ?? max, max)));
    }
}

/// <summary>The prompt leaves too few tokens of the model's context for the output, or the text to embed is longer than the context.</summary>
/// <param name="promptField">Name of the request field that contains the prompt.</param>
/// <param name="min">Number of tokens that must be left for the output; 0 for a text to embed.</param>
internal sealed class ContextLengthException(int promptTokens, int contextLength, string promptField, int min = TokenBudget.MinOutputTokens) : Exception(min > 0
    ? $"The prompt has {promptTokens} tokens and the model's context length is {contextLength}: at least {min} must be left for the answer. Shorten the conversation, or raise NUM_CTX if the model allows it."
    : $"The text has {promptTokens} tokens and the model's context length is {contextLength}: send a shorter one.")
{
    internal int PromptTokens => promptTokens;

    internal int ContextLength => contextLength;

    internal string PromptField => promptField;
}
