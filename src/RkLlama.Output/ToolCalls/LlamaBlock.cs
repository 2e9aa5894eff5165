namespace RkLlama.Output.ToolCalls;

/// <summary>
/// One object with a name and parameters. An answer in JSON begins the same way: what no call has, a name that is no tool's or a member
/// of another name, shows as early as it is written that this is none.
/// </summary>
internal sealed class LlamaBlock(ToolCallReader reader, List<ParsedToolCall> calls) : ToolBlock(reader, calls)
{
    internal const string Opener = "<|python_tag|>";

    private PartialJson? _json;
    private string _key = "";

    internal override BlockStep Take(char c)
    {
        if (_json is null)
        {
            if (char.IsWhiteSpace(c))
                return BlockStep.More;
            if (c != '{')
                return BlockStep.Broken(1);
            _json = new();
        }

        return _json.Take(c) switch
        {
            JsonStep.Broken => BlockStep.Broken(1),
            JsonStep.Key => IsKnown(_key = _json.LastString) ? BlockStep.More : BlockStep.Broken(0),
            JsonStep.Text when _key == "name" => IsTool(_json.LastString) ? BlockStep.More : BlockStep.Broken(0),
            JsonStep.Complete => Reader.TryRead(_json.Text, Reader.AcceptsAnyName, Calls) ? BlockStep.Done() : BlockStep.Broken(0),
            _ => BlockStep.More,
        };
    }

    internal override bool TryFinish() => _json?.Closed() is { } json && Reader.TryRead(json, needsArguments: true, Calls);

    private static bool IsKnown(string key) => key is "name" or "parameters" or "arguments" or "type" or "id" || key.Contains('\\');

    // What is escaped is left to the parser.
    private bool IsTool(string name) => Reader.IsOffered(name) || name.Contains('\\');
}
