namespace RkLlama.Output.Decoding;

/// <summary>
/// Compares the text that was decoded from token ids with the text of the runtime, as two streams: where tokens end does not matter. Releases only text that
/// both streams have. Texts are equal in spite of the following differences. The runtime may deliver a character later than its token, or U+FFFD in place of
/// characters of several tokens. It may leave out a space at the start of a text. One instance per answer; not thread-safe.
/// </summary>
/// <param name="released">Receives the text that both streams have.</param>
internal sealed class TextComparison(OutputBuffer released)
{
    private const char Replacement = '\uFFFD';

    // The decoded text that the runtime has not delivered yet, with the tokens in between that the runtime need not deliver.
    private readonly Queue<Item> _expected = new();

    // The number of characters of the first item that the runtime has delivered. They are released.
    private int _position;
    private bool _hasLostCharacters;

    /// <summary>The number of decoded characters that the runtime has not delivered yet.</summary>
    internal int Lag { get; private set; }

    /// <summary>Whether the runtime has delivered all decoded text.</summary>
    internal bool IsEmpty => _expected.Count == 0;

    /// <summary>The number of tokens whose text the runtime has not delivered yet, or not completely.</summary>
    internal int LaggingTokens => _expected.Count;

    /// <summary>Whether the runtime has delivered any text.</summary>
    internal bool HasRuntimeText { get; private set; }

    /// <summary>Adds decoded text that the runtime must deliver, too.</summary>
    /// <param name="isSpaceOptional">Whether the runtime may leave out a space at the start of the text.</param>
    internal void Expect(string text, bool isSpaceOptional)
    {
        if (text.Length == 0)
            return;
        _expected.Enqueue(new(text, OutputTokenKind.Text, isSpaceOptional, IsOptional: false));
        Lag += text.Length;
    }

    /// <summary>Adds a token that the runtime may leave out. If the runtime has delivered its text, the caller has removed it.</summary>
    internal void ExpectOptional(OutputToken token)
    {
        _expected.Enqueue(new(token.Text, token.Kind, IsSpaceOptional: false, IsOptional: true));
        ReleaseOptional();
    }

    /// <summary>Compares a text of the runtime with the decoded text.</summary>
    /// <returns>
    /// The number of characters of the text that are equal. If it is less than the length of the text, the next character differs from the decoded text, or
    /// there is no more decoded text (see <see cref="IsEmpty"/>).
    /// </returns>
    internal int Match(string text)
    {
        HasRuntimeText |= text.Length > 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == Replacement)
                _hasLostCharacters = true;
            else if (!MatchNext(c))
                return i;
        }

        return text.Length;
    }

    /// <summary>
    /// Releases the rest of the decoded text if the runtime may leave it out, for example because it has delivered U+FFFD in its place.
    /// </summary>
    /// <param name="always">Whether to release the rest in any case.</param>
    /// <returns>Whether the rest was released.</returns>
    internal bool TryRelease(bool always = false)
    {
        int skipped = _position;
        foreach (Item item in _expected)
        {
            for (int i = skipped; i < item.Text.Length && !item.IsOptional && !always; i++)
            {
                if (!MayBeMissing(item, i))
                    return false;
            }

            skipped = 0;
        }

        for (; _expected.TryDequeue(out Item item); _position = 0)
        {
            bool isSpace = !item.IsOptional && item.IsSpaceOptional && _position == 0 && item.Text[0] == ' ' && HasRuntimeText;
            released.Append(new OutputToken(item.Text[(isSpace ? 1 : _position)..], item.Kind));
        }

        Lag = 0;
        return true;
    }

    /// <summary>Compares the next character of the runtime with the decoded text. Skips decoded characters that the runtime may leave out.</summary>
    private bool MatchNext(char c)
    {
        ReleaseOptional();
        while (_expected.TryPeek(out Item item))
        {
            char expected = item.Text[_position];
            if (expected == c)
            {
                _hasLostCharacters = false;
                Advance(item, expected);
                return true;
            }

            if (!MayBeMissing(item, _position))
                return false;
            Advance(item, expected == ' ' ? null : expected);
        }

        return false;
    }

    private bool MayBeMissing(Item item, int position) => item.Text[position] switch
    {
        Replacement or '\0' => true,
        ' ' => item.IsSpaceOptional && position == 0,
        >= '\u0080' => _hasLostCharacters,
        _ => false,
    };

    private void Advance(Item item, char? release)
    {
        if (release is { } c)
            released.Append(c);
        Lag--;
        if (++_position < item.Text.Length)
            return;
        _expected.Dequeue();
        _position = 0;
        ReleaseOptional();
    }

    private void ReleaseOptional()
    {
        while (_expected.TryPeek(out Item item) && item.IsOptional)
        {
            released.Append(new OutputToken(item.Text, item.Kind));
            _expected.Dequeue();
        }
    }

    /// <param name="IsSpaceOptional">Whether the runtime may leave out a space at the start of the text.</param>
    /// <param name="IsOptional">Whether the runtime may leave out the whole text.</param>
    private readonly record struct Item(string Text, OutputTokenKind Kind, bool IsSpaceOptional, bool IsOptional);
}
