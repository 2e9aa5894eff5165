using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Normalizers;

/// <summary>One step that rewrites text before added tokens and pre-tokenizers see it. Immutable; shared by all requests.</summary>
internal abstract class Normalizer
{
    /// <summary>
    /// Writes the normalized form of <paramref name="source"/>, with origins, to the empty <paramref name="target"/>. False when the
    /// text is already normal; the target then means nothing.
    /// </summary>
    public abstract bool TryNormalize(TextBuffer source, TextBuffer target);
}

/// <summary>All normalizing steps of a tokenizer, in order.</summary>
internal sealed class NormalizerChain(IReadOnlyList<Normalizer> steps)
{
    /// <summary>The normalized text: <paramref name="source"/> or <paramref name="spare"/>, whichever holds it at the end.</summary>
    public TextBuffer Normalize(TextBuffer source, TextBuffer spare)
    {
        foreach (Normalizer step in steps)
        {
            spare.Clear(source.TracksOrigin);
            if (step.TryNormalize(source, spare))
                (source, spare) = (spare, source);
        }
        return source;
    }

    /// <summary>The normalized form of a text without origins.</summary>
    public string Normalize(string text)
    {
        var source = new TextBuffer();
        source.Clear(trackOrigin: false);
        source.Append(text, false);
        return Normalize(source, new TextBuffer()).Text.ToString();
    }
}
