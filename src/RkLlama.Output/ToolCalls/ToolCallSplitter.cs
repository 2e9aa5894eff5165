using System.Text;
using RkLlama.Output.Text;

namespace RkLlama.Output.ToolCalls;

/// <summary>
/// Parts calls of tools from the content around them, character by character. Holds back the beginning of a marker, the white space
/// before it, which is not content when a call follows, and what may be a call; what turns out to be none goes out unchanged.
/// </summary>
internal sealed class ToolCallSplitter(OutputSettings settings, Action<char> content, Action<ParsedToolCall> call)
{
    private readonly ToolCallReader _reader = new(settings);
    private readonly TagReader _marker = new(Markers(settings.Tools));
    private readonly List<ParsedToolCall> _calls = [];
    private readonly StringBuilder _space = new();
    private readonly StringBuilder _held = new();
    private ToolBlock? _block;
    private bool _isMarked;
    private bool _hasContent;
    private bool _isAfterCall;

    internal void Take(char c)
    {
        if (_block is null)
            Scan(c);
        else
            TakeInBlock(_block, c);
    }

    /// <param name="isCut">
    /// The answer ended at its limit: a call that was being written is neither a call nor content. One that the model itself left like that is content.
    /// </param>
    internal void Finish(bool isCut)
    {
        if (_block?.TryFinish() == true)
            EmitCalls();
        else if (isCut && (_marker.Length > 1 || (_block is not null && _isMarked)))
            Release("");
        else if (_block is not null || _marker.Length > 0)
            Release(_block is null ? _marker.Text : _held.ToString());
        else if (!_isAfterCall)
            Release("");
    }

    private static string[] Markers(ToolSyntax syntax) => syntax switch
    {
        ToolSyntax.Hermes => [TaggedBlock.Opener],
        ToolSyntax.QwenXml => [TaggedBlock.Opener, QwenXmlBlock.Function],
        ToolSyntax.Llama3Json => [LlamaBlock.Opener],
        ToolSyntax.Mistral => [MistralBlock.Opener],
        ToolSyntax.DeepSeek => [DeepSeekBlock.Opener, DeepSeekBlock.CallOpener],
        _ => [],
    };

    private ToolBlock NewBlock(string marker) => settings.Tools switch
    {
        ToolSyntax.QwenXml when marker == QwenXmlBlock.Function => new QwenXmlBlock(_reader, _calls, isWrapped: false),
        ToolSyntax.Llama3Json => new LlamaBlock(_reader, _calls),
        ToolSyntax.Mistral => new MistralBlock(_reader, _calls),
        ToolSyntax.DeepSeek => new DeepSeekBlock(_reader, _calls, isWrapped: marker == DeepSeekBlock.Opener),
        _ => new TaggedBlock(_reader, _calls, mayBeXml: settings.Tools == ToolSyntax.QwenXml),
    };

    private void Scan(char c)
    {
        if (_marker.Take(c))
        {
            if (_marker.Matched is { } marker)
                Open(marker);
            return;
        }

        if (_marker.Length > 0)
        {
            string text = _marker.Text;
            _marker.Reset();
            Release(text);
            Scan(c); // may begin the next marker
        }
        else if (char.IsWhiteSpace(c) || (c == ';' && _isAfterCall && settings.Tools == ToolSyntax.Llama3Json))
        {
            _space.Append(c);
        }
        else if (c == '{' && settings.Tools == ToolSyntax.Llama3Json && (_isAfterCall || !_hasContent))
        {
            Open("");
            Take(c);
        }
        else
        {
            Release([c]);
        }
    }

    private void Open(string marker)
    {
        _marker.Reset();
        _calls.Clear();
        _held.Clear().Append(marker);
        _isMarked = marker.Length > 0;
        _block = NewBlock(marker);
    }

    private void TakeInBlock(ToolBlock block, char c)
    {
        _held.Append(c);
        BlockStep step = block.Take(c);
        if (step.State == BlockState.More)
            return;

        string unread = _held.ToString(_held.Length - step.Unread, step.Unread);
        _block = null;
        if (step.State == BlockState.Done)
            EmitCalls();
        else
            Release(_held.ToString(0, _held.Length - step.Unread));
        foreach (char next in unread)
            Take(next);
    }

    private void EmitCalls()
    {
        _space.Clear();
        _isAfterCall = true;
        foreach (ParsedToolCall found in _calls.ToArray())
            call(found);
    }

    /// <summary>The white space held and the text are content. White space around calls that open an answer is nobody's.</summary>
    private void Release(ReadOnlySpan<char> text)
    {
        string space = _space.ToString();
        _space.Clear();
        foreach (char c in _isAfterCall && !_hasContent ? space.AsSpan().TrimStart() : space)
            content(c);
        foreach (char c in text)
            content(c);
        _hasContent |= text.Length > 0;
        _isAfterCall &= text.Length == 0;
    }
}
