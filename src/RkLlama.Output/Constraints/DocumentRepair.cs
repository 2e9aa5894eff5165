using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.Constraints;

/// <summary>
/// Turns text that violates a constraint into the nearest text that does not: quotes, commas, names and values that the model meant. Text that cannot be used is
/// left out. Used for one violation.
/// </summary>
internal sealed partial class DocumentRepair
{
    // More mistakes in the text of a few tokens leave nothing to be guessed.
    private const int MaxFixes = 8;

    private readonly string _text;

    // Texts after a colon and after a comma, as the document has them so far.
    private readonly string _space;
    private readonly StringBuilder _out = new();
    private ConstraintState _state;
    private int _at;

    private DocumentRepair(ConstraintState state, string text, bool isSpaced) => (_state, _text, _space) = (state, text, isSpaced ? " " : "");

    /// <summary>Returns the text to use in place of the model's text.</summary>
    /// <param name="state">The state before the text. Not tentative.</param>
    /// <param name="text">The text of the model. A part of it is not allowed.</param>
    /// <param name="isSpaced">Whether the document has spaces after its colons.</param>
    /// <returns>A text that is allowed and is no beginning of the model's text; <see langword="null"/> if there is none.</returns>
    internal static string? Repair(ConstraintState state, string text, bool isSpaced)
    {
        DocumentRepair repair = new(state, text, isSpaced);
        for (int fixes = 0; ; fixes++)
        {
            repair.CopyAllowed();
            if (repair._at == text.Length || fixes == MaxFixes || repair._state.IsComplete || !repair.Fix())
                break;
        }

        if (text.StartsWith(repair._out.ToString(), StringComparison.Ordinal) && !repair.AppendOpening())
            return null;
        return repair._out.ToString();
    }

    /// <summary>
    /// Returns the text that completes a document whose model has ended, as far as nothing has to be invented: it may end before a value that only the model can
    /// write.
    /// </summary>
    /// <param name="state">The state at the end of the text. Not tentative.</param>
    /// <returns><see langword="null"/> if nothing can come next.</returns>
    internal static string? Complete(ConstraintState state, bool isSpaced)
    {
        DocumentRepair repair = new(state, "", isSpaced);
        while (!repair._state.IsComplete && (repair._out.Length == 0 || repair._state.Places[0] is not (ValueFrame or StringFrame or NumberFrame { IsComplete: false })))
        {
            if (!repair.AppendOpening())
                break;
        }

        return repair._out.Length == 0 ? null : repair._out.ToString();
    }

    /// <summary>
    /// Returns the text that closes a document which reached its limit. Invents no members, items or values.
    /// </summary>
    /// <param name="state">The state at the end of the text. Not tentative.</param>
    /// <returns><see langword="null"/> if the schema requires more than what is there.</returns>
    internal static string? Close(ConstraintState state)
    {
        StringBuilder text = new();
        for (ConstraintState? at = state; at is not null; at = at.Step(text[^1]))
        {
            if (at.CanEnd)
                return text.ToString();
            char closing = Array.Find(['"', '}', ']'], c => at.Step(c) is not null && at.Places.Any(place => c != '"' || place is StringFrame or LiteralFrame));
            string? rest = at.Places[0] is LiteralFrame { IsTentative: false } literal ? literal.Openings.FirstOrDefault() : null;
            if (closing == default && rest is not null)
                closing = rest[0];
            if (closing == default)
                return null;
            text.Append(closing);
        }

        return null;
    }

    /// <summary>Takes over what is allowed, up to the last place that is certain, or to the end of the text.</summary>
    private void CopyAllowed()
    {
        ConstraintState state = _state, certain = _state;
        int length = 0, at = _at;
        while (at < _text.Length && state.Step(_text[at]) is { } next)
        {
            state = next;
            at++;
            if (at == _text.Length || !state.IsTentative)
                (certain, length) = (state, at - _at);
        }

        _out.Append(_text, _at, length);
        _at += length;
        _state = certain;
    }

    /// <summary>Repairs the text at the present position.</summary>
    /// <returns>Whether text was added or skipped.</returns>
    private bool Fix() => _state.Places.Take(8).Any(Fix);

    private bool Fix(Frame place) => place switch
    {
        ObjectFrame { ExpectsColon: true } => FixColon(),
        ObjectFrame members => FixMember(members),
        ArrayFrame { ExpectsItem: false } items => FixItem(items),
        ArrayFrame or ValueFrame => FixValue(place),
        StringFrame text => FixString(text),
        LiteralFrame literal => FixLiteral(literal),
        NumberFrame { IsComplete: true } => SkipWhile(static c => char.IsLetterOrDigit(c) || c is '_' or '%' or '.' or '+' or '-' or '°' or '€' or '$') || Fix(place.Parent!),
        NumberFrame => AppendOpening(),
        _ => false,
    };

    private bool FixColon()
    {
        SkipBlank();
        if (_at < _text.Length && _text[_at] == '=')
            _at++;
        if (_at + 1 < _text.Length && _text[_at] == '>')
            _at++;
        return Append(":" + _space);
    }

    private bool FixMember(ObjectFrame members)
    {
        int start = _at;
        SkipSeparators();
        bool isSeparated = _text.AsSpan(start, _at - start).IndexOfAny(",;\n") >= 0;
        string comma = members.IsOpen ? "" : "," + _space;
        if (_at == _text.Length)
            return isSeparated && !members.IsOpen && AppendMember(members, comma);
        if (_text[_at] == '}')
        {
            // A member is missing. What is behind the brace belongs to the text around this object.
            _at = members.CanClose ? _at + 1 : _text.Length;
            return AppendOpening();
        }

        if (_text[_at] == ']' && members.CanClose)
            return Append("}");
        if (ReadName() is not { } name)
        {
            bool isEnd = IsEndMark(_text.AsSpan(_at));
            _at = _text.Length;
            return isSeparated && !members.IsOpen && !isEnd ? AppendMember(members, comma) : AppendOpening();
        }

        if (!name.IsWhole && (members.Node.Rest is not null || members.Unused.Any(member => member.Written.StartsWith(name.Text, StringComparison.Ordinal)))
            && Append($"{comma}{JsonText.Quote(name.Text)[..^1]}"))
            return SkipTo(_text.Length);
        MemberNode? meant = members.Unused.FirstOrDefault(member => member.Written == name.Text)
            ?? members.Unused.FirstOrDefault(member => IsSameName(member.Written, name.Text));
        if (meant is null && !isSeparated && !members.IsOpen && char.IsLetter(_text[_at]) && _text[name.End - 1] is not (':' or '='))
            return SkipWhile(char.IsLetterOrDigit);
        string? written = meant?.Written ?? (members.Node.Rest is not null && name.IsWhole && members.Node.Find(name.Text) < 0 ? JsonText.Quote(name.Text)[1..^1] : null);
        if (written is not null && Append($"{comma}\"{written}\":{_space}"))
        {
            _at = name.End;
            return true;
        }

        _at = _text.Length;
        return AppendOpening();
    }

    /// <summary>Adds the name of a member that is required, or else the quote before a name that the model chooses.</summary>
    private bool AppendMember(ObjectFrame members, string comma) => (members.CanClose && Append(comma + "\"")) || AppendOpening();

    private static bool IsEndMark(ReadOnlySpan<char> text) => text is [')' or '…', ..] or ['.'] or ['.', '.', ..];

    private bool FixItem(ArrayFrame items)
    {
        int start = _at;
        SkipSeparators();
        if (_at == _text.Length)
            return false;
        switch (_text[_at])
        {
            case ']':
                _at = items.CanClose ? _at + 1 : _text.Length;
                return AppendOpening();
            case '}' when items.CanClose:
                return Append("]");
        }

        // An ellipsis, or a bracket of another kind.
        char c = _text[_at];
        if (IsEndMark(_text.AsSpan(_at)) && items.CanClose)
            return SkipTo(_text.Length) && Append("]");

        // If the text cannot be an item, the bracket may be missing.
        if (!Allows("," + c) && Allows("]," + c))
            return SkipTo(start) && Append("]");
        if (items.CanContinue && c is not (':' or '}' or '`') && Append("," + _space))
            return true;
        _at = _text.Length;
        return AppendOpening();
    }

    private bool FixString(StringFrame text)
    {
        char c = _text[_at];
        if ((c < ' ' || c == '\\') && !text.IsFull)
        {
            _at++;
            return Append(JsonText.Quote(c.ToString())[1..^1]);
        }

        if (c == '"')
        {
            // The string is too short to end here. What is behind it belongs to the text around it.
            _at = _text.Length;
            return true;
        }

        // The string is too long. Its rest is left out.
        int end = _text.IndexOf('"', _at);
        _at = end < 0 ? _text.Length : end + 1;
        return Append("\"");
    }

    private bool FixLiteral(LiteralFrame literal)
    {
        if (literal.Openings.FirstOrDefault() is not { } rest || !Append(rest))
            return false;
        if (rest.EndsWith('"'))
            SkipWhile(static c => c is not ('"' or ',' or '}' or ']' or '\n'));
        else
            SkipWhile(char.IsLetterOrDigit);
        if (rest.EndsWith('"') && _at < _text.Length && _text[_at] == '"')
            _at++;
        return true;
    }

    /// <summary>Adds the best text that may come next, whatever the model wrote.</summary>
    private bool AppendOpening()
    {
        foreach (Frame place in _state.Places)
        {
            foreach (string opening in place.Openings)
            {
                if (opening is ['"' or ',', .., ':'] ? Append(Spaced(opening)) : opening.Length > 0 && Append(opening))
                    return true;
            }
        }

        return false;
    }

    private string Spaced(string name) => (name[0] == ',' ? "," + _space + name[1..] : name) + _space;

    private bool Append(string text)
    {
        if (_state.Step(text) is not { } next)
            return false;
        _out.Append(text);
        _state = next;
        return true;
    }
}
