using System.Text;

namespace RkLlama.Output.Constraints;

/// <summary>
/// The text of an answer that must be a JSON document of a known form. Checks each character. Releases the text that is certain: text that may still turn out to
/// be wrong waits. One instance per answer; not thread-safe.
/// </summary>
internal sealed class ConstrainedText
{
    // Tokens of a value or a name that are read after its first wrong character, because its end shows what was meant.
    private const int MaxTokensToWait = 3;

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _rest = new();
    private ConstraintState _state;

    // The last state that was not tentative, and the length of the text there.
    private ConstraintState _certain;
    private int _certainLength;
    private int _released;
    private bool _hasReleased;
    private int _tokensAfterViolation;

    internal ConstrainedText(ValueNode root) => _state = _certain = ConstraintState.Before(root);

    /// <summary>The text so far, with what follows the first character that is not allowed.</summary>
    internal string Text => _text.ToString() + _rest;

    /// <summary>Whether a character was not allowed.</summary>
    internal bool IsViolated => _rest.Length > 0;

    /// <summary>Whether the document is complete.</summary>
    internal bool IsComplete => _state.CanEnd && !IsViolated;

    /// <summary>Whether the document is complete, and more than white space follows. That is not part of <see cref="Text"/>.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>Whether the correction is better if it waits for more tokens.</summary>
    internal bool WaitsForMore => _tokensAfterViolation < MaxTokensToWait && IsInsideValueOrName();

    /// <summary>The number of corrections so far.</summary>
    internal int Corrections { get; private set; }

    /// <summary>The text with which every document starts; empty if documents differ at the first character.</summary>
    internal string CertainStart
    {
        get
        {
            if (_state.Places is not [ValueFrame { Node: ObjectNode }] || _state.Step('{') is not { } open)
                return "";
            return "{" + (open.Places[0] as ObjectFrame)?.OnlyName;
        }
    }

    /// <summary>Adds the content of one token.</summary>
    internal void Add(string content)
    {
        foreach (char c in content)
            Add(c);
        if (IsViolated)
            _tokensAfterViolation++;
    }

    /// <summary>Returns the text that is certain now and was not returned before. White space around the document is left out.</summary>
    internal string Release()
    {
        string text = _text.ToString(_released, _certainLength - _released);
        if (!_hasReleased)
            text = text.TrimStart();
        _hasReleased |= text.Length > 0;
        _released = _certainLength;
        return text;
    }

    /// <summary>Makes all text certain. Called when the document is complete and the model has ended.</summary>
    internal void Finish()
    {
        int length = _text.ToString().TrimEnd().Length;
        (_certain, _certainLength) = (_state, Math.Max(length, _certainLength));
    }

    /// <summary>
    /// Returns the correction of a violation, or of a model that has ended too early. <see cref="CutTo"/> applies it.
    /// </summary>
    /// <returns>The length of <see cref="Text"/> that is kept, and the text that must follow; <see langword="null"/> if there is none.</returns>
    internal (int Length, string Forced)? Correct(bool hasModelEnded)
    {
        string written = Text[_certainLength..];
        bool isSpaced = _text.ToString().Contains("\": ", StringComparison.Ordinal);
        if (hasModelEnded && !IsViolated)
        {
            // A number ends with the text. A comma or a name at the end is of no use.
            bool isUsable = _state.Places[0] is NumberFrame { IsComplete: true };
            return DocumentRepair.Complete(isUsable ? _state : _certain, isSpaced) is { } completion ? (isUsable ? _text.Length : _certainLength, completion) : null;
        }

        if (DocumentRepair.Repair(_certain, written, isSpaced) is not { } repaired)
            return null;
        int kept = repaired.AsSpan().CommonPrefixLength(written);
        return (_certainLength + kept, repaired[kept..]);
    }

    /// <summary>Closes the document at a limit.</summary>
    /// <returns>The length of <see cref="Text"/> that is kept, and the text that closes it; <see langword="null"/> if the schema requires more than what is there.</returns>
    internal (int Length, string Closing)? Close()
    {
        if (!IsViolated && DocumentRepair.Close(_state) is { } closing)
            return (_text.Length, closing);
        return DocumentRepair.Close(_certain) is { } earlier ? (_certainLength, earlier) : null;
    }

    /// <summary>Removes the text from a position on. The text that follows next corrects it.</summary>
    internal void CutTo(int length)
    {
        string kept = Text[_certainLength..length];
        _text.Length = _certainLength;
        _rest.Clear();
        _state = _certain;
        _tokensAfterViolation = 0;
        Corrections++;
        foreach (char c in kept)
            Add(c);
    }

    private void Add(char c)
    {
        if (IsViolated)
        {
            _rest.Append(c);
            return;
        }

        if (IsOver)
            return;
        if (_state.Step(c) is not { } next)
        {
            IsOver = _state.CanEnd;
            if (!IsOver)
                _rest.Append(c);
            return;
        }

        bool isBehind = _state.IsComplete;
        _state = next;
        _text.Append(c);
        if (!next.IsTentative && !isBehind)
            (_certain, _certainLength) = (next, _text.Length);
    }

    /// <summary>Returns whether the text behind what is certain is the beginning of a scalar value or of a name.</summary>
    private bool IsInsideValueOrName()
    {
        string written = Text[_certainLength..];
        return _certain.Places[0] switch
        {
            ValueFrame { Parent: EndFrame } => !_certain.Places[0].Openings.Any(static opening => opening is "{" or "["),
            ValueFrame => written.AsSpan().TrimStart() is not ['{' or '[', ..] && written.AsSpan().TrimStart().IndexOfAny(",}]\n") < 0,
            ArrayFrame => written.AsSpan().TrimStart(" \r\n\t,") is ['"' or '\'' or '“' or '`', ..] item && item.IndexOfAny(",}]\n") < 0,
            ObjectFrame { ExpectsColon: false } => written.AsSpan().TrimStart(" \r\n\t,") is ['"' or '\'' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ..] && !written.Contains(':', StringComparison.Ordinal),
            _ => false,
        };
    }
}
