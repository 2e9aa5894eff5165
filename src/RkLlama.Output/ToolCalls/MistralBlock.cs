using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>What follows <c>[TOOL_CALLS]</c>: an array of calls, or the name of one with its arguments behind <c>[ARGS]</c>.</summary>
internal sealed class MistralBlock(ToolCallReader reader, List<ParsedToolCall> calls) : ToolBlock(reader, calls)
{
    internal const string Opener = "[TOOL_CALLS]";
    private const string Arguments = "[ARGS]";
    private const string CallId = "[CALL_ID]";

    private readonly StringBuilder _name = new();
    private readonly TagReader _tag = new(Arguments, CallId);
    private PartialJson? _json;
    private Place _place = Place.Start;

    private enum Place
    {
        Start,
        Name,
        CallId,
        Arguments,
    }

    internal override BlockStep Take(char c)
    {
        if (_json is not null)
            return TakeJson(_json, c);
        if (_tag.Length > 0)
            return TakeTag(c);
        return _place switch
        {
            Place.Start or Place.Arguments when char.IsWhiteSpace(c) => BlockStep.More,
            Place.Start when c is '[' => TakeJson(_json = new(), c),
            Place.Start or Place.Arguments when c is '{' => TakeJson(_json = new(), c),
            Place.Start or Place.Name => TakeName(c),
            Place.CallId when c is '[' => TakeTag(c),
            Place.CallId when char.IsAsciiLetterOrDigit(c) => BlockStep.More,
            _ => BlockStep.Broken(1),
        };
    }

    internal override bool TryFinish() => _json?.Closed() is { } json && TryRead(json, needsArguments: true);

    private bool TryRead(string json, bool needsArguments) =>
        _name.Length > 0 ? Reader.TryAdd(_name.ToString(), json, Calls) : Reader.TryRead(json, needsArguments, Calls);

    private BlockStep TakeName(char c)
    {
        _place = Place.Name;
        if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
        {
            _name.Append(c);
            return BlockStep.More;
        }

        if (c is not ('[' or '{') || !Reader.IsOffered(_name.ToString()))
            return BlockStep.Broken(1);
        return c == '[' ? TakeTag(c) : TakeJson(_json = new(), c);
    }

    private BlockStep TakeTag(char c)
    {
        if (!_tag.Take(c))
            return BlockStep.Broken(_tag.Length + 1);
        if (_tag.Matched is not { } tag)
            return BlockStep.More;
        _tag.Reset();
        _place = tag == Arguments ? Place.Arguments : Place.CallId;
        return BlockStep.More;
    }

    private BlockStep TakeJson(PartialJson json, char c) => json.Take(c) switch
    {
        JsonStep.Broken => BlockStep.Broken(1),
        JsonStep.Complete => TryRead(json.Text, needsArguments: false) ? BlockStep.Done() : BlockStep.Broken(0),
        _ => BlockStep.More,
    };
}
