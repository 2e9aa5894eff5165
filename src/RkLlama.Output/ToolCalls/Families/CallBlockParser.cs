using System.Text;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <summary>
/// Parses a block of tool calls: one or more calls in any format that <see cref="ToolPayload.Any"/> lists, with or without a Markdown fence around them. A
/// block after a mark ends at a closing mark. A block without a mark ends with its first call, or at its closing fence. A fence may contain marks.
/// </summary>
/// <param name="mark">The mark before the block; null if there is none.</param>
/// <param name="place">Where a block without a mark starts.</param>
internal sealed partial class CallBlockParser(ToolCallReader reader, List<ParsedToolCall> calls, ToolMark? mark, BlockPlace place = BlockPlace.Line)
    : ToolCallParser(reader, calls)
{
    // A block may have an element for the name of the tool.
    private const string NameTag = "<name>";
    private const string NameEnd = "</name>";

    private static readonly LiteralSet Tags =
        new([.. MarkdownFence.All, ToolFamilies.FunctionList, .. ToolFamilies.Marks.Keys.Where(static open => open[0] is '<' or '['), .. ToolFamilies.Trailers, NameTag, NameEnd]);

    private readonly int _before = calls.Count;
    private readonly LiteralMatcher _tag = new(Tags);
    private readonly StringBuilder _unitText = new();
    private ToolCallParser? _unit;
    private FenceInfo _info = FenceInfo.None;
    private HashSet<string>? _variables;
    private FenceState _fence = FenceState.None;
    private BlockComment _comment;
    private bool _isObject;
    private bool _mustBeLast;
    private string? _bareName;
    private UnknownClosingTag? _closingTag;
    private ArgumentsAfterBlock? _after;

    private enum FenceState
    {
        None,
        Info,
        Inside,
        ClosingLonger,
        Closed,
        Inline,
    }

    /// <summary>Whether the calls are calls only if no other text follows them.</summary>
    internal override bool MustBeLast => _mustBeLast || _fence == FenceState.Inline || (_info.IsPython && !_isObject);

    internal override PartialJsonScanner? OpenJson => _unit?.OpenJson;

    private bool IsMarked => mark is not null;

    /// <summary>Whether the text may be a program that calls tools: with comments, and with variables for the results.</summary>
    private bool IsProgram => mark is { IsWord: false } || (_fence == FenceState.Inside && _info.IsToolProgram);

    private bool HasCall => Calls.Count > _before;

    /// <summary>Whether the block may contain more than one call, or text after a call.</summary>
    private bool IsEnclosed => mark?.Close is not null || _fence == FenceState.Inside;

    internal override ParseStep Feed(char c)
    {
        if (mark is not { IsWord: false } || HasCall || _isLeadInTried || _lead.Length == LeadInParser.MaxLength)
            return FeedBlock(c);
        _lead.Append(c);
        ParseStep step = FeedBlock(c);
        return step.Status == ParseStatus.Rejected ? TryLeadIn(step) : step;
    }

    private ParseStep FeedBlock(char c)
    {
        if (_after is not null)
            return _after.Feed(c);
        if (_closingTag is not null)
            return _closingTag.Feed(c);
        if (_unit is not null)
            return FeedUnit(_unit, c);
        if (_comment.IsOpen)
            return FeedComment(c);
        if (_tag.Length > 0)
            return FeedTag(c);
        if (_fence is FenceState.Info or FenceState.ClosingLonger && FeedLongerFence(c) is { } step)
            return step;
        if (_fence == FenceState.Info && _info.Feed(c))
            return ParseStep.Incomplete;
        if (_fence == FenceState.Info)
            _fence = FenceState.Inside;
        if (_fence == FenceState.Inline && HasCall)
            return c == '`' ? ParseStep.Complete() : c is '}' or ']' ? ParseStep.Incomplete : ParseStep.Rejected(1);
        if (char.IsWhiteSpace(c))
            return ParseStep.Incomplete;
        if (_fence == FenceState.Inside && !HasCall && !(IsMarked ? _info.IsLanguage : _info.Allows(c, place == BlockPlace.Start)))
            return ParseStep.Rejected(1);
        if (c == '<' || MarkdownFence.IsPart(c) || (c == '[' && (HasCall || IsMarked || _fence == FenceState.Inside)) || (c == ToolFamilies.FunctionList[0] && !HasCall && IsEnclosed))
            return FeedTag(c);
        if (HasCall && IsEnclosed && IsSkipped(c))
            return ParseStep.Incomplete;
        if ((c == '#' && IsProgram) || (c == '/' && _fence == FenceState.Inside && !HasCall) || (c == '\\' && mark is { IsWord: false }))
        {
            _comment = BlockComment.StartWith(c);
            return ParseStep.Incomplete;
        }

        if (c == '{' && IsArgumentsOfBareCall())
            return (_after = new(Reader, Calls, _bareName!)).Feed(c);
        return StartUnit(c);
    }

    internal override bool TryFinish()
    {
        if (_tag.Partial is { Length: > 0 } partial && StartsUnit(partial[0]) && _unit is null)
        {
            _tag.Reset();
            RestartUnit(partial);
        }

        return _unit?.TryFinish() ?? _after?.TryFinish() ?? (HasCall && _comment.MayEndOutput && _closingTag is null);
    }

    /// <summary>Returns whether a character after a call is neither a part of it nor text: too many brackets, punctuation, or the start of a comment.</summary>
    private bool IsSkipped(char c)
    {
        if (mark?.Close is not null && c is '/' or '#')
            _comment = BlockComment.StartWith(c);
        return c is ',' or ';' or '}' or ']' or ')' || (mark?.Close is not null && c is '.' or ':' or '!' or '"' or '\'' or '/' or '#' or '*');
    }

    /// <summary>Skips a part of a comment. A tag may be at the end of a line of code.</summary>
    private ParseStep FeedComment(char c)
    {
        if (_comment.IsTag(c) && IsMarked)
        {
            _comment = default;
            return FeedTag(c);
        }

        return _comment.Feed(c) ? ParseStep.Incomplete : ParseStep.Rejected(1);
    }

    private ParseStep FeedTag(char c)
    {
        if (!_tag.Feed(c))
            return EndPartialTag(c);
        if (_tag.Match is not { } tag)
            return ParseStep.Incomplete;
        _tag.Reset();
        if (MarkdownFence.All.Contains(tag))
            return EndFence();
        if (ToolFamilies.Marks.TryGetValue(tag, out ToolMark? inner))
            return EndMark(inner);
        if (tag == NameTag && IsMarked && !HasCall)
            return ParseStep.Incomplete;
        if (!HasCall)
            return ParseStep.Rejected(0);
        if (_fence == FenceState.Inside && !IsMarked)
            return ParseStep.Incomplete;
        if (_bareName is not null && tag.StartsWith("</", StringComparison.Ordinal) && Calls.Count == _before + 1)
        {
            _after = new(Reader, Calls, _bareName);
            return ParseStep.Incomplete;
        }

        return IsMarked && !ToolFamilies.ResultStarts.Contains(tag) ? ParseStep.Complete() : ParseStep.Complete(tag.Length);
    }

    /// <summary>Processes a character after the start of a tag that has turned out not to be one.</summary>
    private ParseStep EndPartialTag(char c)
    {
        string partial = _tag.Partial;
        _tag.Reset();
        if (StartsUnit(partial[0]))
            return RestartUnit(partial + c);

        if (partial == "<" && c == '!' && HasCall && mark?.Close is not null)
        {
            _comment = BlockComment.StartWith('<');
            return ParseStep.Incomplete;
        }

        bool mayStartInline = c is '{' or '[' || (place == BlockPlace.Start && NamedCallParser.CanStartWith(c));
        if (partial == "`" && !IsMarked && _fence == FenceState.None && !HasCall && mayStartInline)
        {
            _fence = FenceState.Inline;
            return StartUnit(c);
        }

        if (partial[0] == '<' && (IsEnclosed || !HasCall) && ElementCallParser.MayBegin(Reader, partial[1..] + c, allowsTools: true))
        {
            _unit = new ElementCallParser(Reader, Calls);
            return Replay(partial[1..] + c);
        }

        if (partial is ['<', '/', ..] && HasCall && IsMarked && !char.IsWhiteSpace(c))
        {
            _closingTag = new();
            return _closingTag.Feed(c);
        }

        // The last character of a closing mark may be missing.
        return HasCall && IsMarked && char.IsWhiteSpace(c) && ToolFamilies.Trailers.Contains(partial + '>')
            ? ParseStep.Complete()
            : ParseStep.Rejected(partial.Length + 1);
    }

    /// <summary>Returns whether the text that begins with the character may be an array or a name, if it is no tag.</summary>
    private static bool StartsUnit(char c) => c == '[' || c == ToolFamilies.FunctionList[0];

    private ParseStep RestartUnit(string text)
    {
        ParseStep step = StartUnit(text[0]);
        return step.Status == ParseStatus.Incomplete ? Replay(text[1..]) : step with { UnreadCount = step.UnreadCount + text.Length - 1 };
    }

    /// <summary>
    /// A mark inside of the block: the start of a part of it, or, after the first call, the start of the next block. Before the first call, the mark may be
    /// there twice, or be the inner one of two.
    /// </summary>
    private ParseStep EndMark(ToolMark inner)
    {
        bool isPart = inner.Payload == ToolPayload.Function || (_fence == FenceState.Inside && !IsMarked) || (!HasCall && IsMarked && inner.Payload != ToolPayload.Any);
        if (isPart)
        {
            _unit = inner.CreateParser(Reader, Calls);
            return ParseStep.Incomplete;
        }

        return HasCall ? ParseStep.Complete(inner.Open.Length) : IsMarked ? ParseStep.Incomplete : ParseStep.Rejected(inner.Open.Length);
    }
}
