using RkLlama.Output.Text;

namespace RkLlama.Output.Reasoning;

/// <summary>
/// Removes the tags that a model writes around its whole answer. Processes one character at a time. Holds back only text at the start of the answer that may
/// be the opening tag, and, inside of the tags, white space and text that may be the closing tag.
/// </summary>
/// <param name="plainTags">Opening tags that are content.</param>
/// <param name="onContent">Receives the rest of the text.</param>
internal sealed class AnswerUnwrapper(IReadOnlySet<string> plainTags, Action<OutputChar> onContent)
{
    private readonly HeldText _held = new();
    private LiteralMatcher? _tag = new([.. AnswerTag.All.Where(static tag => !tag.IsWord).Select(static tag => tag.Open)]);
    private AnswerTag? _pair;
    private bool _hasText;
    private bool _isClosed;

    /// <summary>Called at the end of a reasoning block. The answer starts with the next text.</summary>
    internal void StartAnswer()
    {
        Release();
        _pair = null;
        _tag = new([.. AnswerTag.All.Select(static tag => tag.Open).Except(plainTags)]);
    }

    internal void Feed(OutputChar c)
    {
        if (_tag is null)
            onContent(c);
        else if (_isClosed)
            FeedAfterEnd(c);
        else
            FeedTag(_tag, c);
    }

    /// <summary>Ends the output, and drops the closing tag at its end.</summary>
    internal void Finish()
    {
        if (!_isClosed)
            Release();
    }

    private void FeedTag(LiteralMatcher tag, OutputChar c)
    {
        if (tag.Feed(c.Value))
        {
            _held.Append(c);
            if (tag.Match is { } literal)
                EndTag(literal);
        }
        else if (tag.Length > 0)
        {
            tag.Reset();
            Release();
            _tag = _pair is null ? null : _tag;
            Feed(c);
        }
        else if (_pair is not null && c.IsWhiteSpace)
        {
            if (_hasText)
                _held.Append(c);
        }
        else
        {
            // Before the answer, there may be white space and control tokens.
            _tag = _pair is null && !c.IsWhiteSpace && !c.IsSpecial ? null : _tag;
            Release();
            _hasText |= !c.IsSpecial;
            onContent(c);
        }
    }

    private void EndTag(string literal)
    {
        if (_pair is not null)
        {
            _isClosed = true;
            return;
        }

        _held.Clear();
        _pair = AnswerTag.All.First(tag => tag.Open == literal);
        _tag = new(_pair.Close);
        _hasText = false;
    }

    /// <summary>Processes a character after the closing tag. If text follows, the tag was not the end of the answer.</summary>
    private void FeedAfterEnd(OutputChar c)
    {
        _held.Append(c);
        if (c.IsWhiteSpace || c.IsSpecial)
            return;
        _isClosed = false;
        _tag!.Reset();
        Release();
    }

    private void Release()
    {
        _hasText |= _held.HasText;
        foreach (OutputChar c in _held.Take())
            onContent(c);
    }
}
