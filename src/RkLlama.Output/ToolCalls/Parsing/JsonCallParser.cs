namespace RkLlama.Output.ToolCalls.Parsing;

/// <summary>
/// Parses tool calls in JSON: an object with the name and the arguments, or an array of such objects. The JSON may also be something else. So the parser
/// rejects it as soon as it names a tool that the request does not offer.
/// </summary>
/// <param name="isMarked">
/// Whether a mark shows that the JSON is a tool call. If not, the parser also rejects an object with a member that a tool call cannot have.
/// </param>
internal sealed class JsonCallParser(ToolCallReader reader, List<ParsedToolCall> calls, bool isMarked) : ToolCallParser(reader, calls)
{
    private readonly PartialJsonScanner _json = new();

    // The depth of the members of a call: 1 for an object, 2 for an array of objects. 0 before the first object.
    private int _callDepth;
    private string _member = "";
    private string _tool = "";

    private bool _isInvalid;

    // Whether the object is a call of a tool that was not offered, and whether it has a member with arguments. Beside other calls in an array, it stays text.
    private bool _isOtherCall;
    private bool _hasArguments;

    // Whether the calls are inside of a member. They are checked when the JSON is complete.
    private bool _isWrapped;

    // Whether a call has no member with arguments, and no mark.
    private bool _isBare;

    internal override bool MustBeLast => _isBare;

    internal override PartialJsonScanner? OpenJson => _json.IsComplete || _isInvalid ? null : _json;

    internal override ParseStep Feed(char c)
    {
        bool isOtherItem = !isMarked && _callDepth > 1 && _json.Depth == _callDepth - 1 && c is not ('{' or ',' or ']' or '}') && !char.IsWhiteSpace(c);
        JsonScanStatus status = _json.Feed(c);
        _isInvalid = status == JsonScanStatus.Invalid;
        if (c == '{' && _member.Length == 0)
            _callDepth = _json.Depth; // the first brace may be there twice
        return status switch
        {
            JsonScanStatus.Invalid => ParseStep.Rejected(_json.Unread.Length),
            JsonScanStatus.Key when !AcceptsMember() => ParseStep.Rejected(0),
            JsonScanStatus.StringValue when !AcceptsValue() => ParseStep.Rejected(0),
            JsonScanStatus.Complete => ReadComplete(),
            _ when isOtherItem || IsOtherKey() || IsRemarkWithMembers() || EndsOtherCall(c) => ParseStep.Rejected(0),
            _ => ParseStep.Incomplete,
        };
    }

    internal override bool TryFinish() => _json.WithClosingBrackets() is { } json && Reader.TryRead(json, needsArguments: true, Calls, isMarked);

    private bool IsCallMember() => _json.Depth == _callDepth && !_isWrapped;

    private ParseStep ReadComplete()
    {
        if (!Reader.TryRead(_json.Text, needsArguments: !isMarked && Reader.AcceptsAnyName, Calls, isMarked))
            return ParseStep.Rejected(0);
        _isBare = !isMarked && !Reader.TryRead(_json.Text, needsArguments: true, [], isMarked);
        return ParseStep.Complete();
    }

    private bool AcceptsMember()
    {
        if (!IsCallMember())
            return true;
        _member = _json.LastString;
        bool isTool = !Reader.AcceptsAnyName && Reader.Exact.IsOffered(_member);
        _isWrapped = isTool || (ToolCallFields.IsWrapper(_member) && !ToolCallFields.IsName(_member));
        _hasArguments |= ToolCallFields.IsArguments(_member);
        bool mayHaveOthers = _tool.Length > 0 && !_isOtherCall && !Reader.AcceptsAnyName;
        return isMarked || _isWrapped || mayHaveOthers || ToolCallFields.IsKnown(_member) || IsParameter(_member);
    }

    // Names with escape sequences are checked when the JSON is complete.
    private bool AcceptsValue()
    {
        if (!IsCallMember())
            return true;
        string value = _json.LastString;
        if (ToolCallFields.IsName(_member) && (_tool.Length == 0 || !IsParameter(_member)))
        {
            string? tool = Reader.InNamespaces.Resolve(value);
            _isOtherCall = tool is null && _callDepth > 1 && ToolNames.IsIdentifier(value);
            _tool = tool ?? (value.Contains('\\') ? value : _tool);
            return tool is not null || _isOtherCall || value.Contains('\\');
        }

        return isMarked || _member != "type" || ToolCallFields.IsType(value) || IsParameter(_member);
    }

    /// <summary>Returns whether the tool, if its name has been read, has this parameter. Some models write the arguments beside the name.</summary>
    private bool IsParameter(string member) => _tool.Length > 0 && Reader.Parameters(_tool).Contains(member);

    /// <summary>Returns whether a remark before the name of the tool has members: then the JSON is something else.</summary>
    private bool IsRemarkWithMembers() =>
        !isMarked && _tool.Length == 0 && !_isWrapped && _json.Depth == _callDepth + 1 && ToolCallFields.IsRemark(_member) && !ToolCallFields.IsArguments(_member);

    /// <summary>Returns whether the character ends an object in an array that has a name, but neither the one of a tool nor arguments.</summary>
    private bool EndsOtherCall(char c)
    {
        if (c != '}' || _json.Depth != _callDepth - 1)
            return false;
        bool isOther = _isOtherCall && !_hasArguments && !isMarked;
        (_isOtherCall, _hasArguments) = (false, false);
        return isOther;
    }

    private bool IsOtherKey() =>
        _json.IsInBareKey && _tool.Length == 0 && IsCallMember() && !ToolCallFields.MayBecomeKnown(_json.LastString) && !Reader.Exact.MayBecomeOffered(_json.LastString);
}
