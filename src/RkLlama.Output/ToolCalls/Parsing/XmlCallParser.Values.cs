using System.Text;
using System.Text.RegularExpressions;

namespace RkLlama.Output.ToolCalls.Parsing;

/// <content>
/// The value of one parameter. It is plain text, and may have the tags of a parameter in it. So the text behind a closing tag shows whether the tag ends the
/// value: if it is neither a tag of the function nor one around it, the value goes on.
/// </content>
internal sealed partial class XmlCallParser
{
    private const int MaxUnknownTagLength = 64;
    private const int MaxRestLength = 200;

    // The text behind the closing tag that may be the end of the value.
    private readonly StringBuilder _behindValue = new();
    private bool _isValuePending;

    // Whether a parameter has two values. Then no part of the text is a call.
    private bool _isInvalid;

    // The number of opening tags of parameters in the value that have no closing tag yet.
    private int _nested;

    // The length of the value up to its last closing tag that did not end it, with and without the tag; -1 if there is none.
    private int _innerEnd = -1;
    private int _innerEndStart;
    private int _inlineTag;
    private int _tagStart;

    [GeneratedRegex(
        @"^(\s|```|~~~|</[^<>\s]*(tool|func|call|param|arg|invoke)[^<>\s]*>|<\|[a-z_]+\|>|</s>)*\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ClosingRest { get; }

    [GeneratedRegex("^</[^<>]*(tool|func|call|param|arg|invoke)[^<>]*>$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex ClosingWord { get; }

    private void StartValue(string name)
    {
        _parameter = name;
        (_inlineTag, _nested, _innerEnd) = (-1, 0, -1);
        string[] ends = [.. ParameterTag.EndsOf(name, _parameterElement).Where(static tag => tag is not (ParameterTag.FunctionEnd or "</invoke>"))];
        _value = new([.. ends, $"<{_parameterElement}=", $"<{_parameterElement} name=", $"<{_parameterElement}>", FunctionTag, TaggedText.NextBlock]);
        _state = State.Value;
    }

    private ParseStep FeedValue(char c)
    {
        string? tag = _value.Feed(c);
        if (tag is FunctionTag or TaggedText.NextBlock)
            return EndAtNextBlock(tag);
        if (tag is not null && ParameterTag.Opens.Contains(tag))
        {
            // Without a closing tag, a value ends at a parameter that starts its own line, or has the name of another parameter.
            if (_value.IsTagFirstOnLine())
                (_parameterElement, _state) = (ElementOf(tag), State.ParameterNameInValue);
            else
                _inlineTag = _value.TotalLength - tag.Length;
            return ParseStep.Incomplete;
        }

        if (tag is ['<', not '/', ..])
        {
            _nested++;
            return ParseStep.Incomplete;
        }

        if (tag is not null)
        {
            EndValueLater(null);
            return ParseStep.Incomplete;
        }

        if (c == '>' && _inlineTag >= 0)
            EndAtInlineTag();
        return ParseStep.Incomplete;
    }

    private ParseStep EndAtNextBlock(string tag)
    {
        if (_value.ValueBeforeClosingTags() is not { } last)
            return ParseStep.Incomplete;
        if (_innerEnd >= 0 || !AddArgument(last))
            return ParseStep.Rejected(tag.Length); // nothing shows where the value ends
        return AddCall() ? ParseStep.Complete(tag.Length) : ParseStep.Rejected(tag.Length);
    }

    private void EndAtInlineTag()
    {
        string tag = _value.From(_inlineTag);
        string name = ParameterTag.NameIn(tag[(tag.IndexOf('=', StringComparison.Ordinal) + 1)..^1]);
        if (name != _parameter && !_arguments.ContainsKey(name) && Reader.Schema(_name, name) is not null)
        {
            _value.CutAt(_inlineTag);
            AddArgument(_value.Value);
            StartValue(name);
        }
        else
        {
            _nested++;
        }

        _inlineTag = -1;
    }

    /// <summary>Waits for the text behind a closing tag.</summary>
    /// <param name="second">The closing tag, if it is the second one behind the value; null if it is the first one.</param>
    private void EndValueLater(string? second)
    {
        if (second is not null && _nested == 0)
            return;
        if (second is not null)
        {
            _nested--;
            _value.Resume(_behindValue.ToString(), second.Length);
        }

        _isValuePending = true;
        _behindValue.Clear();
        _state = State.BetweenParameters;
    }

    /// <summary>Adds the value before the closing tag, if there is one that has not been added.</summary>
    private bool TryEndValue()
    {
        bool isPending = _isValuePending;
        _isValuePending = false;
        bool isAdded = !isPending || AddArgument(_value.Value);
        _isInvalid |= !isAdded;
        return isAdded;
    }

    /// <summary>Makes the closing tag, and the text behind it, a part of the value.</summary>
    /// <param name="count">The number of characters at the end of the text that are processed later.</param>
    private void ResumeValue(int count)
    {
        _isValuePending = false;
        (_innerEndStart, _innerEnd) = (_value.Length, _value.TotalLength);
        _value.Resume(_behindValue.ToString(0, _behindValue.Length - count), 0);
        _nested -= _nested > 0 ? 1 : 0;
        _state = State.Value;
    }

    /// <summary>Processes the first character of a text behind a closing tag that is not one of the known tags.</summary>
    private ParseStep StartUnknownTag(char c)
    {
        bool isTag = _inner.Length > 0 || c == '[';
        _tagStart = _behindValue.Length - 1 - _inner.Length;
        _inner.Reset();
        if (isTag)
        {
            _state = State.UnknownTag;
            return FeedUnknownTag(c);
        }

        ResumeValue(1);
        return FeedValue(c);
    }

    /// <summary>Reads a tag behind a closing tag. The end of the block and the start of the next one show that the value has ended.</summary>
    private ParseStep FeedUnknownTag(char c)
    {
        int length = _behindValue.Length - _tagStart;
        bool isNext = c is '<' && length > 1;
        bool isBroken = isNext || char.IsWhiteSpace(c) || length > MaxUnknownTagLength;
        if (c is not ('>' or ']') && !isBroken)
            return ParseStep.Incomplete;
        string tag = _behindValue.ToString(_tagStart, length);
        if (isBroken ? char.IsWhiteSpace(c) && MayBecomeBlockEnd(tag) : IsBlockEnd(tag))
            return TryEndValue() && AddCall() ? ParseStep.Complete(length) : ParseStep.Rejected(length);
        ResumeValue(isNext ? 1 : 0);
        return isNext ? FeedValue(c) : ParseStep.Incomplete;
    }

    private bool IsBlockEnd(string tag) =>
        tag.StartsWith("<|", StringComparison.Ordinal) || tag.StartsWith("<｜", StringComparison.Ordinal) || ClosingWord.IsMatch(tag)
        || Reader.BlockTags.Any(known => tag.StartsWith(known, StringComparison.Ordinal));

    private bool MayBecomeBlockEnd(string start) =>
        start.TrimEnd() is { Length: > 1 } text && Reader.BlockTags.Any(known => known.StartsWith(text, StringComparison.Ordinal));

    /// <summary>Processes the whole tag of a parameter after a value. If the tool has no such parameter, the tag may be a part of the value.</summary>
    private ParseStep EndParameterName(string tag)
    {
        string name = ParameterTag.NameIn(ParameterTag.ValueIn(tag)?.Name ?? tag);
        bool isInValue = _state == State.ParameterNameInValue;
        bool isUnknown = Reader.Parameters(_name) is { Count: > 0 } parameters && !parameters.Contains(name);
        if (isUnknown && isInValue)
        {
            _value.Resume(tag + '>', 0);
            _nested++;
            _state = State.Value;
            return ParseStep.Incomplete;
        }

        if (isUnknown && _isValuePending && _nested > 0)
        {
            ResumeValue(0);
            _nested++;
            return ParseStep.Incomplete;
        }

        return (isInValue ? AddArgument(_value.Value) : TryEndValue()) ? StartParameter(tag) : ParseStep.Rejected(0);
    }

    /// <summary>Makes the start of a tag of a parameter, which is not complete, a part of the value. Returns false if no value is open.</summary>
    private bool ContinuesValue()
    {
        if (_state == State.ParameterNameInValue)
        {
            _value.Resume(_text.ToString(), 0);
            _state = State.Value;
        }
        else if (_isValuePending)
        {
            ResumeValue(1);
        }
        else
        {
            return false;
        }

        _text.Clear();
        return true;
    }

    /// <summary>Returns the value at the end of the output; null if nothing shows where it ends.</summary>
    private string? ValueAtEnd()
    {
        if (_innerEnd < 0)
            return _value.ValueBeforeClosingTags(_element);
        bool isRest = _value.TotalLength - _innerEnd <= MaxRestLength && ClosingRest.IsMatch(_value.From(_innerEnd));
        return isRest ? _value.From(0)[.._innerEndStart] : null;
    }
}
