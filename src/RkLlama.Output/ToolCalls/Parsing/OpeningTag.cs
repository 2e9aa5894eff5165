using System.Text;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>Reads an opening tag of XML after its first character: the name, and attributes with or without quotes. One character at a time.</summary>
internal sealed class OpeningTag
{
    private const int MaxNameLength = 128;

    private readonly StringBuilder _text = new();
    private string _attribute = "";
    private char _quote;
    private State _state = State.Name;

    /// <param name="isNameRead">Whether the name has been read before.</param>
    internal OpeningTag(bool isNameRead = false) => _state = isNameRead ? State.Between : State.Name;

    private enum State
    {
        Name,
        Between,
        Attribute,
        AfterEquals,
        Quoted,
        Unquoted,
        Slash,
        Complete,
    }

    /// <summary>The name so far.</summary>
    internal string Name => _state == State.Name ? _text.ToString() : _name;

    /// <summary>The attributes in their order. The value of <c>&lt;tool=name&gt;</c> has an empty name.</summary>
    internal OrderedDictionary<string, string> Attributes { get; } = [];

    /// <summary>Whether a slash is at the end of the tag: the element has no content.</summary>
    internal bool IsEmptyElement { get; private set; }

    internal bool IsInName => _state == State.Name;

    internal bool IsComplete => _state == State.Complete;

    private string _name = "";

    /// <summary>Returns whether the character belongs to the tag.</summary>
    internal bool Feed(char c) => _state switch
    {
        State.Name => FeedName(c),
        State.Between => FeedBetween(c),
        State.Attribute => FeedAttribute(c),
        State.AfterEquals => FeedAfterEquals(c),
        State.Quoted => c == _quote ? EndValue() : Append(c),
        State.Unquoted => FeedUnquoted(c),
        State.Slash => c == '>' && To(State.Complete),
        _ => false,
    };

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or ':' or '.';

    private bool FeedName(char c)
    {
        if (IsNameCharacter(c))
            return _text.Length < MaxNameLength && Append(c);
        if (_text.Length == 0)
            return false;
        _name = Take();
        return c == '=' ? To(State.AfterEquals) : FeedBetween(c);
    }

    private bool FeedBetween(char c)
    {
        if (char.IsWhiteSpace(c))
            return To(State.Between);
        if (c is '>' or '/')
            return To(c == '>' ? State.Complete : State.Slash);
        return char.IsAsciiLetter(c) && _state == State.Between && To(State.Attribute) && Append(c);
    }

    private bool FeedAttribute(char c)
    {
        if (IsNameCharacter(c))
            return _text.Length < MaxNameLength && Append(c);
        _attribute = Take();
        return c == '=' && To(State.AfterEquals);
    }

    private bool FeedAfterEquals(char c)
    {
        if (c is not ('"' or '\''))
            return IsNameCharacter(c) && To(State.Unquoted) && Append(c);
        _quote = c;
        return To(State.Quoted);
    }

    private bool FeedUnquoted(char c)
    {
        if (IsNameCharacter(c))
            return Append(c);
        return EndValue() && FeedBetween(c);
    }

    private bool EndValue() => Attributes.TryAdd(_attribute, Take()) && To(State.Between);

    private bool To(State state)
    {
        IsEmptyElement |= state == State.Slash;
        _state = state;
        return true;
    }

    private bool Append(char c)
    {
        _text.Append(c);
        return true;
    }

    private string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}
