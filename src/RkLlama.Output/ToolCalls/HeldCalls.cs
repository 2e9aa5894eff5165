using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Keeps the order of text and calls. Holds back white space, which is dropped if a call follows, and calls that are calls only if no other text follows them.
/// </summary>
/// <param name="onText">Receives the text that is no call.</param>
/// <param name="onCall">Receives the calls.</param>
internal sealed class HeldCalls(Action<OutputChar> onText, Action<ParsedToolCall> onCall)
{
    private readonly HeldText _space = new();

    // Complete calls that are calls only if no other text follows, and their text.
    private readonly List<ParsedToolCall> _pending = [];
    private readonly HeldText _pendingText = new();

    /// <summary>Whether there are calls that the next text would turn into text.</summary>
    internal bool IsPending => _pending.Count > 0;

    /// <summary>Whether text was passed on before the next character.</summary>
    internal bool HasText { get; private set; }

    /// <summary>Whether only white space is between the last call and the next character.</summary>
    internal bool IsAfterCall { get; private set; }

    /// <summary>Whether a call was found, and no text has followed it. The call may still be pending.</summary>
    internal bool FollowsCall => IsAfterCall || IsPending;

    internal bool IsAtLineStart { get; private set; } = true;

    /// <summary>Whether the white space has the number of an item of a list.</summary>
    internal bool HasDigit => _space.HasDigit;

    internal bool EndsWithDigit => _space.EndsWithDigit;

    /// <summary>Holds back a character that is dropped if a call follows.</summary>
    internal void AddSpace(OutputChar c)
    {
        _space.Append(c);
        IsAtLineStart |= c.Value == '\n';
    }

    /// <summary>Processes a text that is dropped after a call.</summary>
    /// <param name="endsLine">Whether a call without a mark may follow it.</param>
    internal void AddTrailer(ReadOnlySpan<OutputChar> text, bool endsLine)
    {
        if (IsPending)
        {
            _pendingText.Append(_space.Take());
            _pendingText.Append(text);
        }
        else if (!IsAfterCall)
        {
            _space.Append(text); // dropped if a call follows
            IsAtLineStart |= endsLine;
        }
    }

    /// <summary>Adds calls that are calls only if no other text follows them.</summary>
    internal void Postpone(List<ParsedToolCall> calls, ReadOnlySpan<OutputChar> text)
    {
        _pending.AddRange(calls);
        _pendingText.Append(_space.Take());
        _pendingText.Append(text);
        IsAtLineStart = true;
    }

    /// <summary>Passes on the pending calls, and then these.</summary>
    internal void Emit(List<ParsedToolCall> calls)
    {
        ParsedToolCall[] all = [.. _pending, .. calls];
        _pending.Clear();
        _pendingText.Clear();
        _space.Clear();
        (IsAfterCall, IsAtLineStart) = (true, true);
        foreach (ParsedToolCall call in all)
        {
            if (!call.IsText)
            {
                onCall(call);
                continue;
            }

            HasText = true;
            foreach (char c in call.Arguments)
                onText(new(c, IsSpecial: false));
        }
    }

    /// <summary>Passes on a character that cannot be part of a call. The text of a special token is dropped later, so held text stays held.</summary>
    internal void Release(OutputChar c)
    {
        if (!c.IsSpecial)
            ReleaseHeld();
        onText(c);
        if (!c.IsSpecial)
            (HasText, IsAfterCall, IsAtLineStart) = (true, false, c.Value == '\n');
    }

    /// <summary>
    /// Passes on all held text, and then this text. If the text is the first one and follows a call, drops the white space before the text.
    /// </summary>
    internal void Release(ReadOnlySpan<OutputChar> text)
    {
        bool hasText = false;
        foreach (OutputChar c in text)
            hasText |= !c.IsSpecial;
        if (text.Length == 0 || hasText || IsPending)
            ReleaseHeld();
        Pass(text);
        if (hasText)
            (HasText, IsAfterCall, IsAtLineStart) = (true, false, text[^1].Value == '\n');
    }

    /// <summary>Makes the next text the start of an answer.</summary>
    internal void StartAnswer() => (HasText, IsAfterCall, IsAtLineStart) = (false, false, true);

    private void ReleaseHeld()
    {
        _pending.Clear();
        if (_pendingText.Length > 0)
            Pass(_pendingText.Take());
        if (_space.Length == 0)
            return;
        ReadOnlySpan<OutputChar> space = _space.Take();
        while (IsAfterCall && !HasText && space is [{ IsWhiteSpace: true }, ..])
            space = space[1..];
        Pass(space);
    }

    private void Pass(ReadOnlySpan<OutputChar> text)
    {
        foreach (OutputChar c in text)
            onText(c);
    }
}
