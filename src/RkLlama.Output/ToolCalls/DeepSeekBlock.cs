using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Calls between DeepSeek's own tokens. R1 writes the kind, a separator, the name and a fenced block of JSON; V3.1 the name, the separator
/// and bare JSON. Without the outer tokens one call is the whole block.
/// </summary>
/// <param name="isWrapped">The block has begun with <see cref="Opener"/>; else with <see cref="CallOpener"/>.</param>
internal sealed class DeepSeekBlock(ToolCallReader reader, List<ParsedToolCall> calls, bool isWrapped) : ToolBlock(reader, calls)
{
    internal const string Opener = "<｜tool▁calls▁begin｜>";
    internal const string CallOpener = "<｜tool▁call▁begin｜>";
    private const string Closer = "<｜tool▁calls▁end｜>";
    private const string CallCloser = "<｜tool▁call▁end｜>";
    private const string Separator = "<｜tool▁sep｜>";

    private readonly TagReader _outer = new(CallOpener, Closer);
    private readonly TagReader _separator = new(Separator);
    private readonly TagReader _callEnd = new(CallCloser);
    private readonly StringBuilder _text = new();
    private string _head = "";
    private string _name = "";
    private PartialJson _json = new();
    private Place _place = isWrapped ? Place.Calls : Place.Head;
    private int _afterCall;

    private enum Place
    {
        Calls,
        Head,
        Name,
        Fence,
        Json,
        CallEnd,
    }

    internal override BlockStep Take(char c) => _place switch
    {
        Place.Calls => TakeOuter(c),
        Place.Head => TakeHead(c),
        Place.Name => TakeName(c),
        Place.Fence => c == '{' ? BeginJson(c) : IsFence(c) ? BlockStep.More : BlockStep.Broken(1),
        Place.Json => TakeJson(c),
        _ => TakeCallEnd(c),
    };

    internal override bool TryFinish() => _place switch
    {
        Place.Calls or Place.CallEnd => Calls.Count > 0,
        Place.Json => _json.Closed() is { } json && Reader.TryAdd(_name, json, Calls),
        _ => false,
    };

    private static bool IsFence(char c) => c is '`' or 'j' or 's' or 'o' or 'n' || char.IsWhiteSpace(c);

    private BlockStep TakeOuter(char c)
    {
        _afterCall++;
        if (_outer.Length == 0 && char.IsWhiteSpace(c))
            return BlockStep.More;
        bool hasEnded = !isWrapped && Calls.Count > 0;
        if (!_outer.Take(c))
            return hasEnded ? BlockStep.Done(_afterCall) : BlockStep.Broken(_outer.Length + 1);
        if (_outer.Matched is not { } tag)
            return BlockStep.More;
        _outer.Reset();
        if (tag == Closer)
            return Calls.Count > 0 ? BlockStep.Done() : BlockStep.Broken(0);
        if (hasEnded)
            return BlockStep.Done(tag.Length);
        _place = Place.Head;
        return BlockStep.More;
    }

    private BlockStep TakeHead(char c)
    {
        if (_separator.Take(c))
        {
            if (_separator.Matched is null)
                return BlockStep.More;
            _separator.Reset();
            _head = TakeText();
            _place = Place.Name;
            return BlockStep.More;
        }

        if (_separator.Length > 0 || c is '\n' or '<')
            return BlockStep.Broken(_separator.Length + 1);
        _text.Append(c);
        return BlockStep.More;
    }

    /// <summary>Behind the separator stands the name, or, when that stood before it, the arguments.</summary>
    private BlockStep TakeName(char c)
    {
        bool isEmpty = _text.Length == 0;
        if (c is '{' or '`' or '\n' && !isEmpty)
            _name = TakeText();
        else if (c is '{' or '`')
            _name = _head;
        else if (isEmpty && char.IsWhiteSpace(c))
            return BlockStep.More;
        else if (c == '<')
            return BlockStep.Broken(1);
        else
        {
            _text.Append(c);
            return BlockStep.More;
        }

        if (!Reader.IsOffered(_name))
            return BlockStep.Broken(1);
        if (c == '{')
            return BeginJson(c);
        _place = Place.Fence;
        return BlockStep.More;
    }

    private BlockStep BeginJson(char c)
    {
        _json = new();
        _place = Place.Json;
        return TakeJson(c);
    }

    private BlockStep TakeJson(char c)
    {
        JsonStep step = _json.Take(c);
        if (step == JsonStep.Broken)
            return BlockStep.Broken(1);
        if (step != JsonStep.Complete)
            return BlockStep.More;
        _place = Place.CallEnd;
        return Reader.TryAdd(_name, _json.Text, Calls) ? BlockStep.More : BlockStep.Broken(0);
    }

    private BlockStep TakeCallEnd(char c)
    {
        if (_callEnd.Length == 0 && (c == '`' || char.IsWhiteSpace(c)))
            return BlockStep.More;
        if (!_callEnd.Take(c))
            return BlockStep.Broken(_callEnd.Length + 1);
        if (_callEnd.Matched is null)
            return BlockStep.More;
        _callEnd.Reset();
        _place = Place.Calls;
        _afterCall = 0;
        return BlockStep.More;
    }

    private string TakeText()
    {
        string text = _text.ToString().Trim();
        _text.Clear();
        return text;
    }
}
