using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Families;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Separates tool calls from the text before and after them. A call starts at a mark, or, without a mark, at the start of a line. Processes one character at
/// a time. Holds back three things: text that may be the start of a mark, white space before a call (it is dropped if a call follows), and text that may be
/// a call. Text that turns out not to be a call is passed on unchanged.
/// </summary>
/// <remarks>
/// A call without a mark that follows other text is a call only if it is the rest of the output. It is held back until the output ends. Exceptions: the call
/// is in a Markdown fence, or it is JSON and the family writes all calls without marks.
/// </remarks>
internal sealed class ToolCallSplitter(ToolCallReader reader, ToolFamily family, CallPlaces places, Action<OutputChar> onText, Action<ParsedToolCall> onCall)
{
    private static readonly LiteralSet Literals = new([.. ToolFamilies.Marks.Keys, .. ToolFamilies.Trailers]);

    private readonly LiteralMatcher _matcher = new(Literals);
    private readonly HeldCalls _output = new(onText, onCall);
    private readonly List<ParsedToolCall> _calls = [];
    private readonly HeldText _partial = new();
    private readonly HeldText _held = new();
    private readonly OtherJson _otherJson = new();
    private ToolCallParser? _parser;
    private bool _isMarked;
    private bool _isImmediate;
    private bool _isEnded;

    // Whether a block that has been rejected has no closing mark yet. The mark belongs to its text.
    private bool _isRejectedOpen;

    /// <summary>Whether text is held back that may be a mark or a block.</summary>
    internal bool IsOpen => _parser is not null || _partial.Length > 0;

    internal void Feed(OutputChar c)
    {
        if (_isEnded)
            return;
        if (_parser is not null)
            FeedParser(_parser, c);
        else if (_partial.Length > 0 || _matcher.CanStartWith(c.Value))
            FeedMatcher(c);
        else
            Scan(c);
    }

    /// <summary>Starts a block at a mark that an earlier stage has found. No block is open.</summary>
    /// <param name="text">The text of the mark.</param>
    internal void Start(ToolMark mark, OutputChar[] text)
    {
        Open(mark, BlockPlace.Line, isImmediate: places != CallPlaces.End);
        _held.Append(text);
    }

    /// <summary>Ends the output: passes on or drops the text that was held back.</summary>
    /// <param name="isTruncated">
    /// True if the output ended at its token limit: an unfinished call is dropped. If false, an unfinished call is passed on as text.
    /// </param>
    internal void Finish(bool isTruncated)
    {
        if (_isEnded)
            return;
        if (!IsOpen && _output.HasDigit)
            _output.Release([]); // it was no bullet of a list
        bool isDoubledMark = _parser is not null && _output.FollowsCall && MarkText.IsOpening(_held.Text);
        bool isCutAfterComma = isTruncated && _parser is not null && _held.Text.TrimEnd() is [.., ',' or ';'];
        if ((!isCutAfterComma && _parser?.TryFinish() == true) || isDoubledMark || (_parser is null && _output.FollowsCall && IsPartialOfTrailer()))
            EmitCalls();
        else if (isTruncated && !_output.IsPending && (_parser is null ? IsPartialOfMark() : _isMarked || _parser is ElementCallParser { IsMark: true }))
            _output.Release([]);
        else if (IsOpen)
            _output.Release(_parser is null ? _partial.Take() : _held.Take());
        else if (!_output.IsAfterCall)
            _output.Release([]);
        _parser = null;
    }

    /// <summary>Passes on all text that is held back, because no call can be in it. The next text is at the start of an answer.</summary>
    internal void Abandon()
    {
        _output.Release(_parser is null ? _partial.Take() : _held.Take());
        _output.StartAnswer();
        _parser = null;
        _otherJson.Clear();
        _matcher.Reset();
        _isEnded = false;
    }

    private void FeedMatcher(OutputChar c)
    {
        if (_matcher.Feed(c.Value))
        {
            _partial.Append(c);
            if (_matcher.Match is { } literal)
                EndLiteral(literal);
            return;
        }

        // The text is no mark. It may be the start of a call without a mark, such as an array.
        string partial = _matcher.Partial;
        _matcher.Reset();
        if (partial[0] == '<' && !_otherJson.IsOpen && ElementCallParser.MayBegin(reader, partial[1..] + c.Value, allowsTools: places != CallPlaces.Marks))
        {
            OpenElement(c);
            return;
        }

        foreach (OutputChar held in _partial.Take())
        {
            if (_parser is null)
                Scan(held);
            else
                FeedParser(_parser, held);
        }

        Feed(c);
    }

    private void EndLiteral(string literal)
    {
        _matcher.Reset();
        OutputChar[] text = _partial.Take();
        bool isMark = ToolFamilies.Marks.TryGetValue(literal, out ToolMark? mark);
        if (_otherJson.IsOpen && !isMark)
        {
            foreach (OutputChar c in text)
                Scan(c);
        }
        else if (isMark)
        {
            Start(mark!, text);
        }
        else if (ToolFamilies.ResultStarts.Contains(literal) && _output.FollowsCall)
        {
            EmitCalls();
            _isEnded = true;
        }
        else if (_isRejectedOpen && literal.StartsWith("</", StringComparison.Ordinal))
        {
            _isRejectedOpen = false;
            _output.Release(text);
        }
        else
        {
            _output.AddTrailer(text, endsLine: literal == ToolFamilies.NextMessage);
        }
    }

    /// <summary>Processes a character that is neither inside a call nor inside a mark.</summary>
    private void Scan(OutputChar c)
    {
        if (!c.IsSpecial && _otherJson.Follow(c.Value))
        {
            _output.Release(c);
        }
        else if (c.IsWhiteSpace || (c.Value is ';' or ',' or '}' or ']' or ')' && _output.FollowsCall) || IsPartOfBullet(c.Value))
        {
            _output.AddSpace(c);
        }
        else if (!c.IsSpecial && MayStartCall(c.Value))
        {
            bool hasText = _output.HasText;
            bool mayHaveTextAfter = _output.IsAfterCall || family.HasUnmarkedCalls || (c.Value is '{' or '[' ? !hasText : MarkdownFence.IsPart(c.Value));
            Open(
                mark: null,
                !_output.IsAtLineStart ? BlockPlace.Text : hasText ? BlockPlace.Line : BlockPlace.Start,
                isImmediate: places == CallPlaces.Any && _output.IsAtLineStart && mayHaveTextAfter);
            Feed(c);
        }
        else
        {
            _output.Release(c);
        }
    }

    /// <summary>Returns whether the character may be part of the bullet, or of the number, of an item of a list.</summary>
    private bool IsPartOfBullet(char c) =>
        _output.IsAtLineStart && (c is '-' or '*' or '•' || char.IsAsciiDigit(c) || (c is '.' or ')' && _output.EndsWithDigit));

    private bool MayStartCall(char c)
    {
        if (places == CallPlaces.Marks || (reader.AcceptsAnyName && !_output.IsAtLineStart))
            return false;
        if (c is '{' or '[' || MarkdownFence.IsPart(c))
            return true;
        bool isPlace = !_output.HasText || _output.FollowsCall || family.StartsWithName;
        return _output.IsAtLineStart && isPlace && !reader.AcceptsAnyName && NamedCallParser.CanStartWith(c) && reader.MayStartOffered(c);
    }

    private void Open(ToolMark? mark, BlockPlace place, bool isImmediate)
    {
        _calls.Clear();
        _held.Clear();
        _parser = mark?.CreateParser(reader, _calls) ?? new CallBlockParser(reader, _calls, mark: null, place);
        (_isMarked, _isImmediate) = (mark is { IsWord: false }, isImmediate);
    }

    /// <summary>Opens an element that is no mark. Its opening tag begins with the held text and this character.</summary>
    private void OpenElement(OutputChar c)
    {
        bool isImmediate = places == CallPlaces.Any && _output.IsAtLineStart;
        Open(null, BlockPlace.Line, isImmediate);
        _parser = new ElementCallParser(reader, _calls);
        OutputChar[] tag = [.. _partial.Take(), c];
        _held.Append(tag[0]);
        foreach (OutputChar next in tag.AsSpan(1))
            Feed(next);
    }

    private void FeedParser(ToolCallParser parser, OutputChar c)
    {
        _held.Append(c);
        ParseStep step = parser.Feed(c.Value);
        if (step.Status == ParseStatus.Incomplete)
            return;

        // The first character of a rejected text cannot start a call again.
        bool isRejected = step.Status == ParseStatus.Rejected;
        OutputChar[] unread = _held.TakeLast(isRejected ? Math.Min(step.UnreadCount, _held.Length - 1) : step.UnreadCount);
        _parser = null;
        if (isRejected)
            Reject(parser);
        else if (_isImmediate && !parser.MustBeLast)
            EmitCalls();
        else
            Postpone();
        foreach (OutputChar next in unread)
            Feed(next);
    }

    private void Reject(ToolCallParser parser)
    {
        _calls.Clear();
        bool isEmptyBlock = _isMarked && _output.FollowsCall && MarkText.IsEmptyBlock(_held.Text);
        _isRejectedOpen = _isMarked && !isEmptyBlock;
        OutputChar[] text = _held.Take();
        _otherJson.Add(text, parser.OpenJson);
        if (isEmptyBlock)
            _output.AddTrailer(text, endsLine: false);
        else
            _output.Release(text);
    }

    private void Postpone()
    {
        _output.Postpone(_calls, _held.Take());
        _calls.Clear();
    }

    private void EmitCalls()
    {
        _otherJson.Clear();
        _isRejectedOpen = false;
        _output.Emit(_calls);
        _calls.Clear();
        _held.Clear();
    }

    /// <summary>Returns whether the output ended directly after a call, or inside a text that is dropped there.</summary>
    private bool IsPartialOfTrailer() =>
        _partial.Length == 0 || (_partial.Length > 1 && ToolFamilies.Trailers.Any(trailer => trailer.StartsWith(_matcher.Partial, StringComparison.Ordinal)));

    /// <summary>Returns whether the output ended inside a mark. The first character alone is not enough, because it also occurs in other text.</summary>
    private bool IsPartialOfMark() =>
        _matcher.Length > 1 && _matcher.Partial[0] is '<' or '[' && Array.Exists(family.Marks, mark => mark.Open.StartsWith(_matcher.Partial, StringComparison.Ordinal));
}
