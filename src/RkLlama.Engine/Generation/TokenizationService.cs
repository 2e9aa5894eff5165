using RkLlama.Engine.Limits;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Engine.Generation;

/// <summary>A text as tokens of a model.</summary>
/// <param name="Tokens">The token ids.</param>
/// <param name="ContextLength">The context length of the model, in tokens.</param>
internal sealed record TokenizedText(IReadOnlyList<int> Tokens, int ContextLength);

/// <summary>Converts text to token ids of a model and back. Loads no model, and uses no chat template. Thread-safe.</summary>
internal sealed class TokenizationService(ModelHost host, CpuPool cpu)
{
    /// <summary>The largest number of tokens of one text. A text may be longer than the context of the model.</summary>
    internal const int MaxTokens = 256 * 1024;

    /// <param name="parsesSpecial">Whether the texts of control tokens become control tokens. If false, they are plain text.</param>
    /// <inheritdoc cref="Work" path="/exception"/>
    internal async Task<TokenizedText> EncodeAsync(string model, string text, bool parsesSpecial, CancellationToken cancellationToken)
    {
        (ModelInstance instance, Tokenizer tokenizer) = await FindAsync(model, cancellationToken).ConfigureAwait(false);
        PromptText prompt = parsesSpecial || text.Length == 0 ? PromptText.Trusted(text) : new(text, [new(0, text.Length)]);
        List<int> tokens = await Work(
            instance,
            budget =>
            {
                List<int> ids = [];
                return tokenizer.Encode(prompt, guard: !parsesSpecial, ids, new(instance.ContextLength, budget) { MaxTokens = MaxTokens })
                    ? ids
                    : throw new PromptException($"The text has more than {MaxTokens} tokens.");
            },
            cancellationToken).ConfigureAwait(false);
        return new(tokens, instance.ContextLength);
    }

    /// <exception cref="PromptException">The model has no tokenizer, or a token id is not in its vocabulary.</exception>
    /// <inheritdoc cref="Work" path="/exception"/>
    internal async Task<string> DecodeAsync(string model, IReadOnlyList<int> tokens, CancellationToken cancellationToken)
    {
        (ModelInstance instance, Tokenizer tokenizer) = await FindAsync(model, cancellationToken).ConfigureAwait(false);
        foreach (int id in tokens)
        {
            if (!tokenizer.Contains(id))
                throw new PromptException($"The token id {id} is not in the model's vocabulary.");
        }

        return await Work(instance, _ => tokenizer.Decode([.. tokens], skipSpecial: false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns the UTF-8 bytes of each token. They may begin or end inside a character.</summary>
    /// <inheritdoc cref="Work" path="/exception"/>
    internal async Task<IReadOnlyList<byte[]>> PiecesAsync(string model, IReadOnlyList<int> tokens, CancellationToken cancellationToken)
    {
        (ModelInstance instance, Tokenizer tokenizer) = await FindAsync(model, cancellationToken).ConfigureAwait(false);
        return await Work(instance, _ => tokens.Select(tokenizer.TokenBytes).ToArray(), cancellationToken).ConfigureAwait(false);
    }

    private async Task<(ModelInstance Model, Tokenizer Tokenizer)> FindAsync(string model, CancellationToken cancellationToken)
    {
        ModelInstance instance = host.Find(model);
        PromptBuilder prompts = await instance.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        string? remedy = prompts.Notes.FirstOrDefault(static note => note.Command is not null)?.Command;
        return prompts.Tokenizer is { } tokenizer
            ? (instance, tokenizer)
            : throw new PromptException($"The model has no tokenizer.{(remedy is null ? "" : $" '{remedy}' downloads it.")}");
    }

    /// <exception cref="ModelNotFoundException">No model has this name.</exception>
    /// <exception cref="PromptException">The model has no tokenizer, the text has too many tokens, or it needs too much processor time.</exception>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    private async Task<T> Work<T>(ModelInstance model, Func<CpuBudget, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await cpu.RunAsync(model.Name, CpuPool.PromptTime, work, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenizerException ex)
        {
            throw new PromptException($"The text cannot be tokenised: {ex.Message}", ex);
        }
    }
}
