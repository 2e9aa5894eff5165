namespace RkLlama.Output.Decoding;

/// <summary>
/// Releases the text of tokens whose ids are confirmed. The text of the runtime only decides whether the output starts with a space. One instance per answer;
/// not thread-safe.
/// </summary>
/// <param name="released">Receives the text.</param>
internal sealed class ConfirmedText(OutputBuffer released)
{
    // If the runtime is behind by more characters than this, it does not deliver this text at all.
    private const int MaxOwed = 64;

    // Text that starts with a space and waits for the first text of the runtime.
    private string _held = "";

    // The released text that the runtime has not delivered yet.
    private string _owed = "";

    /// <param name="decoded">The text of the token.</param>
    /// <param name="text">The text of the runtime.</param>
    /// <param name="isSpaceOptional">Whether the runtime may leave out a space at the start of the text.</param>
    internal void Add(string decoded, string text, bool isSpaceOptional)
    {
        if (_held.Length > 0 || (isSpaceOptional && decoded.StartsWith(' ')))
        {
            _held += decoded;
            if (text.Length == 0 && _held.Length <= MaxOwed)
                return;
            decoded = text.StartsWith(' ') ? _held : _held[1..];
            (_held, _owed) = ("", "");
        }

        released.Append(decoded);
        string owed = _owed + decoded;
        _owed = owed.Length <= MaxOwed && owed.StartsWith(text, StringComparison.Ordinal) ? owed[text.Length..] : "";
    }

    /// <summary>Returns the part of a text of the runtime that is not released yet. Called for a token whose id is unknown.</summary>
    internal string RemoveReleased(string text)
    {
        // The runtime delivers text that waits together with this text.
        if (_held.Length > 0 && (text.StartsWith(_held, StringComparison.Ordinal) || text.AsSpan().StartsWith(_held.AsSpan(1))))
            _held = "";
        string owed = _owed;
        Flush();
        return owed.Length > 0 && text.StartsWith(owed, StringComparison.Ordinal) ? text[owed.Length..] : text;
    }

    /// <summary>Releases the text that waits. Called at a control token and at the end of a run.</summary>
    internal void Flush()
    {
        if (_held.Length > 0)
            released.Append(_held[1..]);
        (_held, _owed) = ("", "");
    }
}
