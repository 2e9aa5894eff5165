using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Prompts;

/// <content>Prompts of runs that compute vectors: embeddings and the judgement of documents.</content>
public sealed partial class PromptBuilder
{
    /// <summary>
    /// Builds a prompt from plain text of a client, for embeddings. No chat template is applied. If <see cref="PromptSettings.GuardsSpecialTokens"/> is set,
    /// control tokens in the text have no effect.
    /// </summary>
    /// <param name="limits">The limits of tokens and processor time; null for none.</param>
    /// <param name="truncates">
    /// If true, a text that is longer than the context is cut to its first tokens. If false, such a text is an error.
    /// Ignored if the runtime tokenizes the text itself.
    /// </param>
    /// <param name="template">What stands around the text; null for nothing. It is never cut.</param>
    /// <exception cref="PromptException">The tokenizer cannot encode the text, or needs too much processor time.</exception>
    /// <exception cref="PromptTooLongException">The text exceeds the limit of tokens.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public Prompt BuildText(string text, PromptLimits? limits = null, bool truncates = false, TextTemplate? template = null)
    {
        limits ??= PromptLimits.None();
        PromptText before = template?.Before ?? PromptText.Trusted(""), after = template?.After ?? PromptText.Trusted("");
        if (truncates && _tokenizer is { } tokenizer && Mode == PromptMode.Tokens)
            return EncodeCut(tokenizer, before, text, after, limits with { MaxTokens = limits.ContextLength }, out _);

        _length.Check(text, limits.ContextLength);
        PromptText prompt = before.AppendRequest(text).Append(after);
        return _tokenizer is null || Mode != PromptMode.Tokens
            ? ToTextPrompt(_settings.GuardsSpecialTokens ? _controlTokenGuard.Apply(prompt) : prompt)
            : Encode(_tokenizer, prompt, _settings.GuardsSpecialTokens, limits);
    }

    /// <summary>
    /// Builds the prompt with which a reranking model judges a document. If it has more tokens than allowed, the document is cut. If
    /// <see cref="PromptSettings.GuardsSpecialTokens"/> is set, control tokens in the texts have no effect.
    /// </summary>
    /// <param name="limits">The limits of tokens and processor time. The limit of tokens is that of the whole prompt.</param>
    /// <param name="maxDocumentTokens">Maximum number of tokens of the document; null for no limit of its own.</param>
    /// <param name="isCut">Whether the end of the document was cut off.</param>
    /// <exception cref="PromptException">The model has no tokenizer, or the tokenizer cannot encode the texts or needs too much processor time.</exception>
    /// <exception cref="PromptTooLongException">The prompt exceeds the limit of tokens even without the document.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    public Prompt BuildPair(PairTemplate template, string instruction, string query, string document, PromptLimits limits, int? maxDocumentTokens, out bool isCut)
    {
        if (_tokenizer is null || Mode != PromptMode.Tokens)
            throw new PromptException("Reranking needs the tokenizer of the model.");
        (PromptText before, PromptText after) = template.Render(instruction, query);
        return EncodeCut(_tokenizer, before, document, after, limits, out isCut, maxDocumentTokens);
    }

    /// <summary>Encodes a text of a client and the texts around it. If they have too many tokens, the end of the text of the client is cut off.</summary>
    /// <param name="maxTextTokens">Maximum number of tokens of the text of the client; null for no limit of its own.</param>
    /// <exception cref="PromptTooLongException">The texts around it alone exceed the limit of tokens.</exception>
    private Prompt EncodeCut(Tokenizer tokenizer, PromptText before, string text, PromptText after, PromptLimits limits, out bool isCut, int? maxTextTokens = null)
    {
        // Text after this length cannot belong to the first tokens.
        int maxText = Math.Min(limits.MaxTokens, maxTextTokens ?? int.MaxValue);
        int length = (int)Math.Min(text.Length, _length.MaxLength(maxText));
        PromptText start = PromptText.Trusted("").AppendRequest(text[..length]);
        PromptText whole = before.Append(start).Append(after);
        List<int> tokens = [];
        isCut = length < text.Length
            || (maxTextTokens is not null && !Encode(tokenizer, start, _settings.GuardsSpecialTokens, limits with { MaxTokens = maxText }, []))
            || !Encode(tokenizer, whole, _settings.GuardsSpecialTokens, limits, tokens);
        if (!isCut)
            return new(whole, [.. tokens], tokens.Count);

        List<int> head = [], body = [], tail = [];
        PromptLimits all = limits with { MaxTokens = int.MaxValue };
        Encode(tokenizer, before, _settings.GuardsSpecialTokens, all, head);
        Encode(tokenizer, after, _settings.GuardsSpecialTokens, all, tail);
        int rest = limits.MaxTokens - head.Count - tail.Count;
        if (rest < 0)
            throw new PromptTooLongException(head.Count + tail.Count);
        Encode(tokenizer, start, _settings.GuardsSpecialTokens, limits, body);
        int[] cut = [.. head, .. body.Take(Math.Min(rest, maxText)), .. tail];
        return new(whole, cut, cut.Length);
    }
}
