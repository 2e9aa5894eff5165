using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Normalizers;

/// <summary>One step of normalization: rewrites the text before pre-tokenization. Immutable; shared by all requests.</summary>
internal abstract class Normalizer
{
    /// <summary>
    /// Writes the normalized form of <paramref name="source"/>, with origins, to the empty buffer <paramref name="target"/>. Returns false if
    /// the text is already normalized; the content of the target is then undefined.
    /// </summary>
    public abstract bool TryNormalize(TextBuffer source, TextBuffer target);
}

/// <summary>All normalization steps of a tokenizer, in order.</summary>
internal sealed class NormalizerChain(IReadOnlyList<Normalizer> steps)
{
    /// <summary>Normalizes a text. Returns the buffer that holds the result: <paramref name="source"/> or <paramref name="spare"/>.</summary>
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

    /// <summary>Normalizes a text without origins.</summary>
    public string Normalize(string text)
    {
        var source = new TextBuffer();
        source.Clear(trackOrigin: false);
        source.Append(text, false);
        return Normalize(source, new TextBuffer()).Text.ToString();
    }
}
