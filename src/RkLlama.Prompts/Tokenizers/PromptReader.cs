namespace RkLlama.Prompts.Tokenizers;

/// <summary>Copies a prompt into a buffer, well-formed and with the origin of each character.</summary>
internal static class PromptReader
{
    public static void Read(PromptText prompt, bool guard, TextBuffer target)
    {
        string text = prompt.Text;
        target.Clear(trackOrigin: guard && prompt.RequestSpans.Count > 0);
        int covered = 0;
        if (target.TracksOrigin)
        {
            foreach (PromptSpan span in prompt.RequestSpans)
            {
                if (span.Start < covered || span.End < span.Start || span.End > text.Length)
                    throw new ArgumentException($"The span {span.Start}..{span.End} does not fit the prompt.", nameof(prompt));
                target.Append(text.AsSpan(covered, span.Start - covered), false);
                target.Append(text.AsSpan(span.Start, span.End - span.Start), true);
                covered = span.End;
            }
        }
        target.Append(text.AsSpan(covered), false);
        ReplaceLoneSurrogates(target);
    }

    /// <summary>JSON can carry half a surrogate pair; UTF-8, and so the vocabulary, cannot.</summary>
    private static void ReplaceLoneSurrogates(TextBuffer buffer)
    {
        int index = 0;
        while (true)
        {
            int lone = CodePoints.IndexOfLoneSurrogate(buffer.Text[index..]);
            if (lone < 0)
                return;
            index += lone;
            buffer.Replace(index, CodePoints.Replacement);
        }
    }
}
