using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>The inside of <c>&lt;tool_call&gt;</c>: calls as JSON, one, an array or several in a row; or, where the model knows it, XML.</summary>
internal sealed class TaggedBlock(ToolCallReader reader, List<ParsedToolCall> calls, bool mayBeXml) : ToolBlock(reader, calls)
{
    internal const string Opener = "<tool_call>";
    internal const string Closer = "</tool_call>";

    private readonly TagReader _end = new(Closer, Opener);
    private PartialJson? _json;
    private QwenXmlBlock? _xml;

    internal override BlockStep Take(char c)
    {
        if (_xml is not null)
            return _xml.Take(c);
        if (_json is not null)
            return TakeJson(_json, c);
        if (_end.Length > 0)
            return TakeEnd(c);
        if (char.IsWhiteSpace(c) || (c is ',' or ';' && Calls.Count > 0))
            return BlockStep.More;
        if (c is '{' or '[')
            return TakeJson(_json = new(), c);
        if (c != '<' || (Calls.Count == 0 && !mayBeXml))
            return BlockStep.Broken(1);
        if (Calls.Count > 0)
            return TakeEnd(c);
        _xml = new(Reader, Calls, isWrapped: true);
        return _xml.Take(c);
    }

    internal override bool TryFinish()
    {
        if (_xml is not null)
            return _xml.TryFinish();
        return _json is null ? Calls.Count > 0 : _json.Closed() is { } json && Reader.TryRead(json, needsArguments: true, Calls);
    }

    private BlockStep TakeJson(PartialJson json, char c)
    {
        JsonStep step = json.Take(c);
        if (step == JsonStep.Broken)
            return BlockStep.Broken(1);
        if (step != JsonStep.Complete)
            return BlockStep.More;
        _json = null;
        return Reader.TryRead(json.Text, needsArguments: false, Calls) ? BlockStep.More : BlockStep.Broken(0);
    }

    private BlockStep TakeEnd(char c)
    {
        if (!_end.Take(c))
            return BlockStep.Broken(_end.Length + 1);
        return _end.Matched switch
        {
            null => BlockStep.More,
            Closer => BlockStep.Done(),
            _ => BlockStep.Done(Opener.Length), // the next block begins, so this one has ended
        };
    }
}
