using RkLlama.Output.Text;

namespace RkLlama.Output.Reasoning;

/// <summary>
/// Separates the reasoning blocks at the start of the output from the content that follows. A block may have the tags of any family. A second block belongs
/// to the reasoning if only white space is between the two. Processes one character at a time. Holds back only white space, and text that may be the start
/// of a tag.
/// </summary>
/// <param name="startTag">The tag with which the prompt ends; null if there is none. The model may write this tag again.</param>
/// <param name="unopened">How reasoning ends that began without an opening tag.</param>
/// <param name="plainTags">Opening tags that are content.</param>
internal sealed partial class ReasoningSplitter(ReasoningTag? startTag, UnopenedReasoning unopened, IReadOnlySet<string> plainTags, ReasoningSinks sinks)
{
    private readonly HeldText _space = new();
    private readonly HeldText _partial = new();
    private ReasoningTag? _tag = startTag;
    private LiteralMatcher _matcher = startTag is null
        ? new([.. ReasoningTags.OpenTags(unopened.Tag).Except(plainTags), .. ReasoningTags.TurnStarts, .. unopened.Ends, ReasoningTag.Recipient])
        : new([.. ReasoningTags.ClosersOf(startTag).Except([startTag.Open]), startTag.Open]);

    // Finds the closing tag after reasoning that began with the output, or after a preamble; null if the content has no such end.
    private LiteralMatcher? _contentEnd = startTag is null && unopened.Ends is [var end] ? new(end, unopened.Tag!.Open) : null;
    private State _state = startTag is null ? State.BeforeBlock : State.InBlock;
    private bool _hasText;
    private bool _isPreamble;

    // Whether only the start of a turn, and white space, is before the next character.
    private bool _isAfterTurnStart;
    private bool _isAtLineStart = true;

    // Whether the held text ends with the closing tag of another pair, which ends the block if a line break follows.
    private bool _isOtherEnd;

    private enum State
    {
        BeforeBlock,
        Header,
        InBlock,
        AfterBlock,
        Content,
    }

    internal bool IsInBlock => _state is State.InBlock or State.Header;

    internal void Feed(OutputChar c)
    {
        if (_state != State.Content)
            FeedNearTag(c);
        else if (_contentEnd is null || (_partial.Length == 0 && !_contentEnd.CanStartWith(c.Value)))
            PassContent(c);
        else
            FeedContent(_contentEnd, c);
    }

    /// <summary>Ends the output and passes on the text that was held back. Without a closing tag, all text after the opening tag is reasoning.</summary>
    internal void Finish()
    {
        if (_isOtherEnd)
            EndBlock();
        if (_isAfterAnswer)
            _partial.ReleaseTo(sinks.OnDelimiter);
        else if (_state is State.BeforeBlock or State.Content || _partial.Length > 0)
            ReleaseHeld();
        else
            _space.ReleaseTo(sinks.OnDelimiter);
    }

    private void PassContent(OutputChar c)
    {
        _isAtLineStart = c.Value == '\n';
        sinks.OnContent(c);
    }

    private void FeedNearTag(OutputChar c)
    {
        if (_isOtherEnd)
        {
            FeedAfterOtherEnd(c);
        }
        else if (_matcher.Feed(c.Value))
        {
            _partial.Append(c);
            if (_matcher.Match is { } literal)
                EndLiteral(literal);
        }
        else if (_partial.Length > 0)
        {
            ReleaseHeld();
            Feed(c); // may start the next tag
        }
        else if (_state == State.Header)
        {
            EnterBlock();
            Feed(c);
        }
        else if (c.IsWhiteSpace && (_isAfterTurnStart || (IsInBlock && !_hasText)))
        {
            sinks.OnDelimiter(c);
        }
        else if (c.IsWhiteSpace)
        {
            _space.Append(c);
        }
        else if (c.IsSpecial && _state is State.BeforeBlock or State.AfterBlock)
        {
            sinks.OnContent(c); // dropped later; a block may still follow
        }
        else
        {
            ReleaseHeld();
            (IsInBlock ? sinks.OnReasoning : PassContent)(c);
        }
    }

    /// <summary>Processes the character after the closing tag of another pair.</summary>
    private void FeedAfterOtherEnd(OutputChar c)
    {
        _isOtherEnd = false;
        if (c.Value is '\n' or '\r')
            EndBlock();
        else
            ReleaseHeld();
        Feed(c);
    }

    /// <summary>Passes on the held text after it has turned out not to be a tag. If no reasoning block has started before, none can start later.</summary>
    private void ReleaseHeld()
    {
        _matcher.Reset();
        _isAfterTurnStart = false;
        if (_state is State.BeforeBlock or State.AfterBlock && _partial.Length > 0 && !_partial.HasText)
        {
            _partial.ReleaseTo(sinks.OnContent);
            return;
        }

        if (_state == State.AfterBlock)
            _space.ReleaseTo(sinks.OnDelimiter);
        if (_state == State.Header)
            EnterBlock();
        if (!IsInBlock)
            _state = State.Content;
        Action<OutputChar> target = IsInBlock ? sinks.OnReasoning : PassContent;
        _space.ReleaseTo(target);
        _partial.ReleaseTo(target);

        // The model may repeat the opening tag of the prompt only as the first text of the block.
        if (IsInBlock && !_hasText)
            _matcher = new(ReasoningTags.ClosersOf(_tag!));
        _hasText = true;
    }

    private void EndLiteral(string literal)
    {
        if (_state == State.InBlock && !_tag!.Closers.Contains(literal) && literal != _tag.Open)
        {
            _isOtherEnd = true;
        }
        else if (_state == State.InBlock && (literal != _tag!.Open || (_hasText && _tag.Closers.Contains(literal))))
        {
            EndBlock();
        }
        else if (_state == State.Header && _tag!.CallHeaders.Contains(literal))
        {
            OutputChar[] recipient = _partial.TakeLast(ReasoningTag.Recipient.Length);
            ReleaseDelimiter();
            _state = State.Content;
            sinks.OnRecipient(recipient);
        }
        else if (_state == State.Header && _tag!.ContentHeaders.Contains(literal))
        {
            ReleaseDelimiter();
            EnterAfterBlock();
            _isPreamble = literal == _tag.PreambleHeader;
            _contentEnd = new(_isPreamble ? _tag.Closers[0] : ReasoningTag.EndOfAnswer);
        }
        else if (_state == State.Header)
        {
            ReleaseDelimiter();
            EnterBlock();
        }
        else if (literal == ReasoningTag.Recipient)
        {
            _space.ReleaseTo(_state == State.AfterBlock ? sinks.OnDelimiter : PassContent);
            _state = State.Content;
            sinks.OnRecipient(_partial.Take());
        }
        else if (_state == State.AfterBlock && literal != _tag!.Open)
        {
            ReleaseDelimiter();
            _matcher.Reset();
        }
        else if (_state == State.BeforeBlock && unopened.Ends.Contains(literal))
        {
            EndUnopened();
        }
        else if (_state == State.BeforeBlock && ReasoningTags.TurnStarts.Contains(literal))
        {
            ReleaseDelimiter();
            _matcher.Reset();
            _isAfterTurnStart = true;
        }
        else
        {
            Open(literal);
        }
    }

    private void Open(string literal)
    {
        // The white space between two blocks separates their reasoning.
        if (_state == State.AfterBlock && _hasText)
            _space.ReleaseTo(sinks.OnReasoning);
        ReleaseDelimiter();
        _tag = _state == State.BeforeBlock ? ReasoningTags.All.First(tag => tag.Open == literal) : _tag!;
        _contentEnd = null;
        _hasText = _isAfterTurnStart = false;
        string[] headers = [.. _tag.Headers, .. _tag.ContentHeaders, .. _tag.CallHeaders];
        if (headers.Length == 0)
        {
            EnterBlock();
            return;
        }

        _state = State.Header;
        _matcher = new(headers);
    }

    private void EnterBlock()
    {
        _state = State.InBlock;
        string[] closers = ReasoningTags.ClosersOf(_tag!);
        _matcher = new(_hasText || closers.Contains(_tag!.Open) ? closers : [.. closers, _tag.Open]); // the opening tag may be there twice
    }

    private void EndBlock()
    {
        _isOtherEnd = false;
        sinks.OnBlockEnd();
        ReleaseDelimiter();
        EnterAfterBlock();
    }

    private void EnterAfterBlock()
    {
        _state = State.AfterBlock;

        // Text after the block may turn out to be more reasoning, at a closing tag that is alone on its line.
        _isSecondEnd = _tag == unopened.Tag && unopened.Ends.Length > 0;
        _contentEnd = _isSecondEnd ? new(_tag!.Closers[0] + "\n", _tag.Open) : null;
        _matcher = new([.. new[] { _tag!.Open, _tag.Separator }.OfType<string>().Union(_tag.ContentHeaders).Union(_tag.Closers).Append(ReasoningTag.Recipient)]); // the closing tag may be there twice
    }

    private void ReleaseDelimiter()
    {
        _space.ReleaseTo(sinks.OnDelimiter);
        _partial.ReleaseTo(sinks.OnDelimiter);
    }
}
