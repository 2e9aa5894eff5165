using System.Text;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls.Parsing;

namespace RkLlama.Output.ToolCalls.Families;

/// <content>The calls in the block, each with a parser of its own, and the fence around them.</content>
internal sealed partial class CallBlockParser
{
    // The text after the mark up to the first call, so that it can be read a second time.
    private readonly StringBuilder _lead = new();
    private bool _isLeadInTried;
    private bool _isBareObject;

    // How many characters the fence is longer than the usual one, and how many of them its end still needs.
    private int _longer;
    private int _longerLeft;

    private ParseStep StartUnit(char c)
    {
        bool isMarked = mark is { IsWord: false };
        _isObject = c is '{' or '"';
        if (c == '[')
            _unit = new ListParser(Reader, Calls, isMarked, AllowsPython);
        else if (c == '{')
            _unit = new JsonCallParser(Reader, Calls, isMarked);
        else if (c == '"' && (isMarked || _fence == FenceState.Inside) && !HasCall)
            _unit = new QuotedJsonParser(Reader, Calls, isMarked);
        else if (NamedCallParser.CanStartWith(c) && AllowsPython && (isMarked || !Reader.AcceptsAnyName))
            _unit = IsProgram ? new StatementParser(Reader.InNamespaces, Calls, isMarked: true, _variables ??= new(StringComparer.Ordinal)) : new NamedCallParser(Reader, Calls, isMarked || _fence == FenceState.Inside);
        else
            return ParseStep.Rejected(1);
        return FeedUnit(_unit, c);
    }

    private bool AllowsPython => mark is not null ? !mark.IsWord : place == BlockPlace.Start || (place == BlockPlace.Line && _fence != FenceState.Inline && !_info.IsProgram);

    private ParseStep FeedUnit(ToolCallParser unit, char c)
    {
        _unitText.Append(c);
        ParseStep step = unit.Feed(c);
        if (step.Status == ParseStatus.Incomplete)
            return step;
        if (step.Status == ParseStatus.Rejected)
        {
            // The block may end before closing brackets of the call.
            char first = step.UnreadCount > 0 ? _unitText[^step.UnreadCount] : '\0';
            bool mayStartTag = first == '<' || (step.UnreadCount == 1 && (MarkdownFence.IsPart(first) || (first == '[' && mark?.Close is ['[', ..])));
            if (!mayStartTag || !unit.TryFinish())
                return step;
            return ReplayAfterUnit(step.UnreadCount);
        }

        if (IsEnclosed || _fence == FenceState.Inline)
            return ReplayAfterUnit(step.UnreadCount);
        EndUnit();
        return step;
    }

    private ParseStep ReplayAfterUnit(int unreadCount)
    {
        string unread = _unitText.ToString(_unitText.Length - unreadCount, unreadCount);
        EndUnit();
        return Replay(unread);
    }

    /// <summary>Processes characters again.</summary>
    private ParseStep Replay(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            ParseStep step = FeedBlock(text[i]);
            if (step.Status != ParseStatus.Incomplete)
                return step with { UnreadCount = step.UnreadCount + text.Length - i - 1 };
        }

        return ParseStep.Incomplete;
    }

    /// <summary>Returns the tool of the only call so far, if the call has no arguments, but must have some.</summary>
    private string? BareCall() =>
        mark is { IsWord: false } && Calls.Count == _before + 1 && Calls[^1] is { Arguments: "{}" } call && Reader.Required(call.Name).Count > 0 ? call.Name : null;

    /// <summary>Returns whether an object behind a call without arguments may have them.</summary>
    private bool IsArgumentsOfBareCall() => _isBareObject && _bareName is not null && Calls.Count == _before + 1;

    private void EndUnit()
    {
        // Without a mark or a fence, a call in the syntax of Python, or a name and arguments, may also be the start of a sentence.
        _mustBeLast |= !IsMarked && (_unit!.MustBeLast || (_fence == FenceState.None && _unit is NamedCallParser or ListParser { IsPython: true }));
        _bareName = (_unit as StatementParser)?.BareName ?? (_unit is JsonCallParser ? BareCall() : null);
        _isBareObject = _unit is JsonCallParser;
        _unit = null;
        _unitText.Clear();
    }

    /// <summary>Reads a text that is not one of the usual forms as a name beside JSON.</summary>
    /// <param name="rejected">The state of the block without this form.</param>
    private ParseStep TryLeadIn(ParseStep rejected)
    {
        _isLeadInTried = true;
        if (_fence != FenceState.None)
            return rejected;
        string text = _lead.ToString().TrimStart();
        LeadInParser leadIn = new(Reader, Calls);
        foreach (char c in text)
        {
            if (leadIn.Feed(c).Status != ParseStatus.Incomplete)
                return rejected;
        }

        (_unit, _comment, _closingTag) = (leadIn, default, null);
        _tag.Reset();
        _unitText.Clear();
        _unitText.Append(text);
        return ParseStep.Incomplete;
    }

    private ParseStep EndFence()
    {
        if (_fence == FenceState.None && !HasCall)
        {
            (_fence, _info) = (FenceState.Info, new());
            return ParseStep.Incomplete;
        }

        if (!HasCall)
            return ParseStep.Rejected(0);
        (_fence, _longerLeft) = (_longer > 0 ? FenceState.ClosingLonger : FenceState.Closed, _longer);
        return _longer > 0 ? ParseStep.Incomplete : EndOfFence(0);
    }

    /// <summary>Reads the part of a fence that is longer than three characters; returns null if there is none.</summary>
    private ParseStep? FeedLongerFence(char c)
    {
        bool isPart = MarkdownFence.IsPart(c);
        if (_fence == FenceState.Info)
        {
            _longer += isPart && _info.IsEmpty ? 1 : 0;
            return isPart && _info.IsEmpty && _longer <= 8 ? ParseStep.Incomplete : null;
        }

        if (isPart && --_longerLeft > 0)
            return ParseStep.Incomplete;
        _fence = FenceState.Closed;
        ParseStep step = EndOfFence(isPart ? 0 : 1);
        return step.Status == ParseStatus.Incomplete && !isPart ? null : step;
    }

    private ParseStep EndOfFence(int unreadCount) => IsMarked && mark!.Close is not null ? ParseStep.Incomplete : ParseStep.Complete(unreadCount);
}
