namespace RkLlama.Prompts.Tokenizers.Text;

/// <summary>
/// A text that can grow, and that can record for each character whether it is request text (see <see cref="PromptText"/>). Normalizers keep this information.
/// If the buffer does not record it, all text counts as template text. Used by one thread at a time.
/// </summary>
internal sealed class TextBuffer
{
    private char[] _chars = new char[256];
    private bool[] _fromRequest = [];
    private TextBudget? _budget;
    private long _limit = long.MaxValue;

    public int Length { get; private set; }

    public int Capacity => _chars.Length;

    public bool TracksOrigin { get; private set; }

    public ReadOnlySpan<char> Text => _chars.AsSpan(0, Length);

    /// <summary>For each UTF-16 unit, whether it is request text. Empty if the buffer does not record this.</summary>
    public ReadOnlySpan<bool> FromRequest => TracksOrigin ? _fromRequest.AsSpan(0, Length) : default;

    public void Clear(bool trackOrigin)
    {
        Length = 0;
        TracksOrigin = trackOrigin;
        if (trackOrigin && _fromRequest.Length < _chars.Length)
            _fromRequest = new bool[_chars.Length];
    }

    /// <summary>Sets the maximum length of the text. It applies until the next call of this method. A longer text is an error.</summary>
    /// <param name="budget">Raises the error; <see langword="null"/> for no limit.</param>
    /// <param name="limit">Maximum length in UTF-16 units.</param>
    public void Limit(TextBudget? budget, long limit) => (_budget, _limit) = (budget, limit);

    /// <summary>
    /// Replaces the content by a prompt. Lone surrogates become U+FFFD. If <paramref name="trackOrigin"/> is true and the prompt contains request text, records
    /// for each character whether it is request text.
    /// </summary>
    /// <exception cref="ArgumentException">The request spans are not in order, or are outside the text.</exception>
    public void Load(PromptText prompt, bool trackOrigin)
    {
        string text = prompt.Text;
        Clear(trackOrigin && prompt.RequestSpans.Count > 0);
        int covered = 0;
        if (TracksOrigin)
        {
            foreach (PromptSpan span in prompt.RequestSpans)
            {
                if (span.Start < covered || span.End < span.Start || span.End > text.Length)
                    throw new ArgumentException($"The span {span.Start}..{span.End} does not fit the prompt.", nameof(prompt));
                Append(text.AsSpan(covered, span.Start - covered), false);
                Append(text.AsSpan(span.Start, span.End - span.Start), true);
                covered = span.End;
            }
        }
        Append(text.AsSpan(covered), false);
        ReplaceLoneSurrogates();
    }

    public bool IsFromRequest(int index) => TracksOrigin && _fromRequest[index];

    public void Append(char value, bool fromRequest)
    {
        Reserve(1);
        if (TracksOrigin)
            _fromRequest[Length] = fromRequest;
        _chars[Length++] = value;
    }

    public void Append(ReadOnlySpan<char> text, bool fromRequest)
    {
        Reserve(text.Length);
        text.CopyTo(_chars.AsSpan(Length));
        if (TracksOrigin)
            _fromRequest.AsSpan(Length, text.Length).Fill(fromRequest);
        Length += text.Length;
    }

    public void Append(ReadOnlySpan<char> text, ReadOnlySpan<bool> fromRequest)
    {
        Reserve(text.Length);
        text.CopyTo(_chars.AsSpan(Length));
        if (TracksOrigin)
            fromRequest.CopyTo(_fromRequest.AsSpan(Length));
        Length += text.Length;
    }

    /// <summary>Appends a part of another buffer, and the information which of its characters are request text.</summary>
    public void Append(TextBuffer source, int start, int end)
    {
        if (source.TracksOrigin)
            Append(source.Text[start..end], source.FromRequest[start..end]);
        else
            Append(source.Text[start..end], false);
    }

    public void AppendCodePoint(int codePoint, bool fromRequest)
    {
        if (codePoint < 0x10000)
        {
            Append((char)codePoint, fromRequest);
            return;
        }
        Append((char)(0xD7C0 + (codePoint >> 10)), fromRequest);
        Append((char)(0xDC00 | (codePoint & 0x3FF)), fromRequest);
    }

    /// <summary>Overwrites one UTF-16 unit. If the old one was request text, so is the new one.</summary>
    public void Replace(int index, char value) => _chars[index] = value;

    /// <summary>
    /// Replaces lone surrogates by U+FFFD. JSON strings can contain lone surrogates. The vocabulary cannot, because it is in UTF-8.
    /// </summary>
    private void ReplaceLoneSurrogates()
    {
        int index = 0;
        while (true)
        {
            int lone = CodePoints.IndexOfLoneSurrogate(Text[index..]);
            if (lone < 0)
                return;
            index += lone;
            Replace(index, CodePoints.Replacement);
        }
    }

    private void Reserve(int more)
    {
        if (Length + (long)more > _limit)
            _budget?.ThrowExceeded();
        int needed = Length + more;
        if (needed <= _chars.Length)
            return;
        int size = Math.Max(needed, _chars.Length * 2);
        Array.Resize(ref _chars, size);
        if (TracksOrigin)
            Array.Resize(ref _fromRequest, size);
    }
}
