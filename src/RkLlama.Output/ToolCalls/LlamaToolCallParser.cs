namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parses a tool call that is a JSON object with a name and parameters. The object may also be JSON that is not a tool call. So the parser rejects the
/// object as soon as the object has a member that a tool call cannot have, or names a tool that the request does not offer.
/// </summary>
internal sealed class LlamaToolCallParser(ToolCallReader reader, List<ParsedToolCall> calls) : ToolCallParser(reader, calls)
{
    internal const string Marker = "<|python_tag|>";

    private PartialJsonScanner? _json;
    private string _key = "";

    internal override ParseStep Feed(char c)
    {
        if (_json is null)
        {
            if (char.IsWhiteSpace(c))
                return ParseStep.Incomplete;
            if (c != '{')
                return ParseStep.Rejected(1);
            _json = new();
        }

        return _json.Feed(c) switch
        {
            JsonScanStatus.Invalid => ParseStep.Rejected(1),
            JsonScanStatus.Key => IsKnownKey(_key = _json.LastString) ? ParseStep.Incomplete : ParseStep.Rejected(0),
            JsonScanStatus.StringValue when _key == "name" => MayBeTool(_json.LastString) ? ParseStep.Incomplete : ParseStep.Rejected(0),
            JsonScanStatus.Complete => Reader.TryRead(_json.Text, Reader.AcceptsAnyName, Calls) ? ParseStep.Complete() : ParseStep.Rejected(0),
            _ => ParseStep.Incomplete,
        };
    }

    internal override bool TryFinish() => _json?.WithClosingBrackets() is { } json && Reader.TryRead(json, needsArguments: true, Calls);

    // Keys and names with escape sequences pass this check. They are checked when the object is complete and the JSON parser has decoded them.
    private static bool IsKnownKey(string key) => key is "name" or "parameters" or "arguments" or "type" or "id" || key.Contains('\\');

    private bool MayBeTool(string name) => Reader.IsOffered(name) || name.Contains('\\');
}
