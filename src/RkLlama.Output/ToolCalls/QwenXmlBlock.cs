using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Calls as <c>&lt;function=f&gt;</c> with a <c>&lt;parameter=p&gt;</c> for each argument, whose value is bare text to its closing tag.
/// Models forget the tags around them: without those one function is the whole block, and a stray closing tag belongs to it.
/// </summary>
/// <param name="isWrapped">Inside <c>&lt;tool_call&gt;</c>; else the block has begun with <see cref="Function"/>.</param>
internal sealed class QwenXmlBlock(ToolCallReader reader, List<ParsedToolCall> calls, bool isWrapped) : ToolBlock(reader, calls)
{
    internal const string Function = "<function=";
    private const string FunctionEnd = "</function>";
    private const string Parameter = "<parameter=";
    private const string ParameterEnd = "</parameter>";

    private readonly TagReader _outer = new(Function, TaggedBlock.Closer, TaggedBlock.Opener);
    private readonly TagReader _inner = new(Parameter, FunctionEnd);
    private readonly TagReader _valueEnd = new(ParameterEnd);
    private readonly OrderedDictionary<string, string> _arguments = [];
    private readonly StringBuilder _text = new();
    private Place _place = isWrapped ? Place.Functions : Place.Name;
    private string _name = "";
    private string _parameter = "";
    private int _afterCall;

    private enum Place
    {
        Functions,
        Name,
        Parameters,
        ParameterName,
        Value,
    }

    internal override BlockStep Take(char c) => _place switch
    {
        Place.Functions => TakeOuter(c),
        Place.Parameters => TakeInner(c),
        Place.Value => TakeValue(c),
        _ => TakeName(c),
    };

    internal override bool TryFinish()
    {
        if (_place == Place.Parameters && _arguments.Count > 0)
            AddCall();
        return _place == Place.Functions && Calls.Count > 0;
    }

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
        if (tag == TaggedBlock.Closer)
            return Calls.Count > 0 ? BlockStep.Done() : BlockStep.Broken(0);
        if (tag == TaggedBlock.Opener)
            return Calls.Count > 0 ? BlockStep.Done(tag.Length) : BlockStep.Broken(tag.Length);
        if (hasEnded)
            return BlockStep.Done(tag.Length);
        _place = Place.Name;
        return BlockStep.More;
    }

    private BlockStep TakeInner(char c)
    {
        if (_inner.Length == 0 && char.IsWhiteSpace(c))
            return BlockStep.More;
        if (!_inner.Take(c))
            return BlockStep.Broken(_inner.Length + 1);
        if (_inner.Matched is not { } tag)
            return BlockStep.More;
        _inner.Reset();
        if (tag == Parameter)
            _place = Place.ParameterName;
        else
            AddCall();
        return BlockStep.More;
    }

    private BlockStep TakeName(char c)
    {
        if (c is '<' or '\n')
            return BlockStep.Broken(1);
        if (c != '>')
        {
            _text.Append(c);
            return BlockStep.More;
        }

        string name = _text.ToString().Trim();
        _text.Clear();
        if (_place == Place.ParameterName)
        {
            _parameter = name;
            _place = Place.Value;
            return BlockStep.More;
        }

        _name = name;
        _place = Place.Parameters;
        return Reader.IsOffered(name) ? BlockStep.More : BlockStep.Broken(0);
    }

    private BlockStep TakeValue(char c)
    {
        _text.Append(c);
        if (!_valueEnd.Take(c))
        {
            _valueEnd.Reset();
            _valueEnd.Take(c);
        }

        if (_valueEnd.Matched is null)
            return BlockStep.More;
        _valueEnd.Reset();
        string value = _text.ToString(0, _text.Length - ParameterEnd.Length);
        _text.Clear();
        _arguments[_parameter] = ParameterJson.From(WithoutFrame(value), Reader.Schema(_name, _parameter));
        _place = Place.Parameters;
        return BlockStep.More;
    }

    /// <summary>The tags stand on lines of their own: one line break after and before them is not the value's.</summary>
    private static string WithoutFrame(string value)
    {
        ReadOnlySpan<char> text = value;
        if (text is ['\n', ..])
            text = text[1..];
        if (text is [.., '\n'])
            text = text[..^1];
        return text.ToString();
    }

    private void AddCall()
    {
        Calls.Add(new(_name, $"{{{string.Join(',', _arguments.Select(argument => $"{CompactJson.Quote(argument.Key)}:{argument.Value}"))}}}"));
        _arguments.Clear();
        _place = Place.Functions;
        _afterCall = 0;
    }
}
