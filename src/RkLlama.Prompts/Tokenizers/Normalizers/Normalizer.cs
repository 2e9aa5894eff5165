using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Normalizers;

/// <summary>A step of normalization, which rewrites a text before pre-tokenization. Immutable; all requests share it.</summary>
internal abstract class Normalizer
{
    /// <summary>
    /// Writes the normalized form of <paramref name="source"/> to the empty buffer <paramref name="target"/>. Also records there which characters are request
    /// text. Returns false if the text is already normalized; then the content of <paramref name="target"/> is undefined.
    /// </summary>
    public abstract bool TryNormalize(TextBuffer source, TextBuffer target);
}

/// <summary>All normalization steps of a tokenizer, in order.</summary>
internal sealed class NormalizerChain(IReadOnlyList<Normalizer> steps)
{
    /// <summary>
    /// Normalizes a text. Returns the buffer with the result, which is <paramref name="source"/> or <paramref name="spare"/>. The content of the other buffer
    /// is undefined.
    /// </summary>
    /// <exception cref="TokenizerException">The text grows beyond the budget.</exception>
    public TextBuffer Normalize(TextBuffer source, TextBuffer spare, TextBudget budget)
    {
        foreach (Normalizer step in steps)
        {
            spare.Clear(source.TracksOrigin);
            spare.Limit(budget, budget.LimitFor(source.Length));
            bool isChanged = step.TryNormalize(source, spare);
            spare.Limit(null, long.MaxValue);
            if (!isChanged)
                continue;
            budget.Spend(source.Length, spare.Length);
            (source, spare) = (spare, source);
        }
        return source;
    }

    /// <summary>Normalizes a text that comes from the model's files and contains no text of a client.</summary>
    /// <exception cref="TokenizerException">The text grows beyond the budget.</exception>
    public string Normalize(string text, TextBudget budget)
    {
        var source = new TextBuffer();
        source.Clear(trackOrigin: false);
        source.Append(text, false);
        return Normalize(source, new TextBuffer(), budget).Text.ToString();
    }
}
