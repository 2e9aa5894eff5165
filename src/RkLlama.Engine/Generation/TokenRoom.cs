using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>How many tokens an answer may have.</summary>
/// <param name="MaxNewTokens">What the request asks for and the model allows, at most what the prompt leaves of the context; null for the model's own bound.</param>
internal readonly record struct TokenRoom(int? MaxNewTokens)
{
    /// <summary>A prompt that leaves less than this is too long: an answer of a few tokens would only look like one.</summary>
    internal const int Least = 16;

    /// <param name="promptField">Where the request has its prompt.</param>
    /// <exception cref="ContextLengthException">The prompt is too long; the NPU was not asked.</exception>
    internal static TokenRoom For(Prompt prompt, LoadedModel model, int? asked, string promptField)
    {
        // Before the model is loaded, its Modelfile's word counts; the runtime may still lower it.
        (int contextLength, int most) = model.Keeper?.Facts is { } facts
            ? (facts.MaxContextLength, facts.MaxNewTokens)
            : (model.Engine.MaxContextLength, model.Engine.MaxNewTokens);

        // An estimate is no reason to refuse: the runtime itself counts the tokens of a text.
        if (prompt.Tokens is null)
            return new(asked is { } wanted ? Math.Min(wanted, most) : null);

        int room = contextLength - prompt.TokenCount;
        if (room < Math.Min(Least, asked ?? Least))
            throw new ContextLengthException(prompt.TokenCount, contextLength, promptField);
        return new(Math.Min(room, Math.Min(asked ?? most, most)));
    }
}

/// <summary>The prompt leaves no room for an answer in the model's context.</summary>
/// <param name="promptField">Where the request has its prompt.</param>
/// <param name="least">Tokens that must be left for the answer; 0 for a text to be embedded, which has none.</param>
internal sealed class ContextLengthException(int promptTokens, int contextLength, string promptField, int least = TokenRoom.Least) : Exception(least > 0
    ? $"The prompt has {promptTokens} tokens and the model's context length is {contextLength}: at least {least} must be left for the answer. Shorten the conversation, or raise NUM_CTX if the model allows it."
    : $"The text has {promptTokens} tokens and the model's context length is {contextLength}: send a shorter one.")
{
    internal int PromptTokens => promptTokens;

    internal int ContextLength => contextLength;

    internal string PromptField => promptField;
}
