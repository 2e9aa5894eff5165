using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>Converts prompts to inputs of runs. All runs of requests get their first input here.</summary>
internal static class PromptInput
{
    /// <summary>
    /// Returns the input of a run. Refuses a prompt without tokens, because the vendor library aborts its process for it. If the runtime tokenizes the prompt,
    /// a prompt of white space counts as one without tokens, because the runtime's tokenizer may remove white space.
    /// </summary>
    /// <param name="field">Name of the request field that contains the prompt, for the error message.</param>
    /// <exception cref="EmptyPromptException">The prompt has no tokens.</exception>
    internal static RunInput Of(Prompt prompt, string field)
    {
        if (prompt.Tokens is { } tokens)
            return tokens.Count > 0 ? RunInput.FromTokens(tokens) : throw new EmptyPromptException(field);
        return string.IsNullOrWhiteSpace(prompt.Text.Text) ? throw new EmptyPromptException(field) : RunInput.FromText(prompt.Text.Text);
    }

    /// <summary>
    /// Whether a text may have no tokens, although it has characters: a tokenizer may remove white space and control characters. Used to find such texts
    /// without encoding all others.
    /// </summary>
    internal static bool MayBeEmpty(string text)
    {
        foreach (char c in text)
        {
            if (char.IsLetterOrDigit(c) || char.IsPunctuation(c) || char.IsSymbol(c))
                return false;
        }

        return true;
    }
}

/// <summary>The prompt has no tokens: it is empty, or the tokenizer or the chat template has left nothing of it.</summary>
/// <param name="promptField">Name of the request field that contains the prompt.</param>
internal sealed class EmptyPromptException(string promptField) : Exception($"{promptField} is empty: no token is left of it for the model. Send a text.")
{
    internal string PromptField => promptField;
}
