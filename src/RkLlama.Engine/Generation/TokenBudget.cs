using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>The maximum number of tokens of a generation.</summary>
/// <param name="MaxNewTokens">
/// If the token ids of the prompt are known: the smallest of the request's maximum, the model's maximum and the number of tokens that the prompt leaves in the
/// context. If they are not known, because the runtime tokenizes the prompt: the smaller of the request's and the model's maximum; null if the request sets
/// no maximum, and then the model's maximum applies.
/// </param>
internal readonly record struct TokenBudget(int? MaxNewTokens)
{
    /// <summary>The number of tokens that a prompt must leave in the context for the output. A shorter output would be useless.</summary>
    internal const int MinOutputTokens = 16;

    /// <summary>Computes the budget from the prompt, the model and the request.</summary>
    /// <param name="asked">
    /// The maximum of the request; null for none. If it is less than <see cref="MinOutputTokens"/>, the prompt must leave only this number of tokens.
    /// </param>
    /// <param name="promptField">Name of the request field that contains the prompt.</param>
    /// <exception cref="ContextLengthException">The prompt leaves too few tokens for the output.</exception>
    internal static TokenBudget For(Prompt prompt, ModelInstance model, int? asked, string promptField)
    {
        (int contextLength, int max) = (model.ContextLength, model.MaxNewTokens);

        // If the runtime tokenizes the prompt, TokenCount is only an estimate. So the prompt is not rejected here; the runtime checks it.
        if (prompt.Tokens is null)
            return new(asked is { } wanted ? Math.Min(wanted, max) : null);

        int room = contextLength - prompt.TokenCount;
        if (room < Math.Min(MinOutputTokens, asked ?? MinOutputTokens))
            throw new ContextLengthException(prompt.TokenCount, contextLength, promptField);
        return new(Math.Min(room, Math.Min(asked ?? max, max)));
    }
}

/// <summary>The prompt leaves too few tokens of the model's context for the output, or the text to embed is longer than the context.</summary>
/// <param name="promptTokens">Number of tokens of the prompt or text.</param>
/// <param name="promptField">Name of the request field that contains the prompt.</param>
/// <param name="min">Number of tokens that must be left for the output; 0 for a text to embed.</param>
/// <param name="isLowerBound">Whether the prompt has at least <paramref name="promptTokens"/> tokens; otherwise it has exactly this number.</param>
/// <param name="message">The message; null for one with both numbers.</param>
internal sealed class ContextLengthException(
    int promptTokens, int contextLength, string promptField, int min = TokenBudget.MinOutputTokens, bool isLowerBound = false, string? message = null) : Exception(message ?? (min > 0
    ? $"The prompt has {(isLowerBound ? "at least " : "")}{promptTokens} tokens and the model's context length is {contextLength}: at least {min} must be left for the answer. Shorten the conversation, or raise NUM_CTX if the model allows it."
    : $"The text has {(isLowerBound ? "at least " : "")}{promptTokens} tokens and the model's context length is {contextLength}: send a shorter one."))
{
    /// <summary>Creates the exception for a prompt that the runtime has tokenized and refused.</summary>
    internal static ContextLengthException Of(RefusedPrompt refused, int contextLength, string promptField, int min = TokenBudget.MinOutputTokens) =>
        new(refused.Tokens ?? contextLength, contextLength, promptField, min, isLowerBound: refused.Tokens is null);

    internal int PromptTokens => promptTokens;

    internal int ContextLength => contextLength;

    internal string PromptField => promptField;
}
