using System.Text;
using RkLlama.Output.Reasoning;
using RkLlama.Output.StopSequences;
using RkLlama.Output.ToolCalls;

namespace RkLlama.Output;

/// <summary>
/// Splits the output of one generation into content, reasoning and tool calls while it arrives. It has three stages: the first separates the reasoning
/// block, the second finds tool calls in the text after the block, and the third finds stop sequences in the remaining content. Every stage processes one
/// character at a time, so token boundaries only affect how long the parts are. The time is linear in the length of the text. One instance per generation;
/// not thread-safe.
/// </summary>
internal sealed class OutputPipeline
{
    private readonly ReasoningSplitter _reasoning;
    private readonly ToolCallSplitter? _tools;
    private readonly StopSequenceMatcher _stops;
    private readonly bool _dropsCalls;
    private readonly StringBuilder _text = new();
    private bool _textIsReasoning;
    private List<OutputPart> _parts = [];
    private int _callCount;

    internal OutputPipeline(OutputPipelineSettings settings)
    {
        _dropsCalls = settings.DropsToolCalls;
        _stops = new(settings.StopSequences, c => Emit(c, isReasoning: false));
        _tools = settings.Tools == ToolSyntax.None
            ? null
            : new(new(settings.Tools, settings.ToolNames, settings.ToolSchemas), _stops.Feed, EmitCall);
        Action<char> content = _tools is null ? _stops.Feed : _tools.Feed;
        _reasoning = settings.SplitsReasoning
            ? new(settings.StartsInReasoning, content, c => Emit(c, isReasoning: true), _ => { })
            : new(settings.StartsInReasoning, content, _stops.Feed, _stops.Feed);
    }

    /// <summary>Whether a stop sequence has ended the output. Further text is ignored.</summary>
    internal bool IsStopped => _stops.Found is not null;

    /// <summary>The stop sequence that ended the output; null if none did.</summary>
    internal string? StopSequence => _stops.Found;

    internal bool IsInReasoning => _reasoning.IsInBlock;

    internal bool HasToolCalls => _callCount > 0;

    /// <summary>The number of generated tokens in the reasoning block, including those of its tags. Each call of <see cref="Add"/> is one token.</summary>
    internal int ReasoningTokens { get; private set; }

    /// <summary>Adds the text of one token, which may be empty.</summary>
    /// <param name="parts">The parts that are complete are appended to this list; often there are none.</param>
    /// <param name="isToken">False for text that the server inserted. It does not count in <see cref="ReasoningTokens"/>.</param>
    internal void Add(string text, List<OutputPart> parts, bool isToken = true)
    {
        if (IsStopped)
            return;
        _parts = parts;
        bool isReasoning = IsInReasoning;
        foreach (char c in text)
        {
            _reasoning.Feed(c);
            isReasoning |= IsInReasoning;
            if (IsStopped)
                break;
        }

        ReasoningTokens += isReasoning && isToken ? 1 : 0;
        FlushText();
    }

    /// <summary>Ends the output. Appends to the list the parts that were held back.</summary>
    /// <param name="isTruncated">Whether the output ended at its token limit. If true, an unfinished tool call is dropped. If false, it is content.</param>
    internal void Finish(List<OutputPart> parts, bool isTruncated = false)
    {
        if (IsStopped)
            return;
        _parts = parts;
        _reasoning.Finish();
        _tools?.Finish(isTruncated);
        _stops.Flush();
        FlushText();
    }

    private void Emit(char c, bool isReasoning)
    {
        if (_textIsReasoning != isReasoning)
            FlushText();
        _textIsReasoning = isReasoning;
        _text.Append(c);
    }

    private void EmitCall(ParsedToolCall call)
    {
        // A stop sequence cannot continue across a tool call.
        _stops.Flush();
        if (IsStopped || _dropsCalls)
            return;
        FlushText();
        string id = "call_" + Random.Shared.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 24);
        _parts.Add(new ToolCallPart(_callCount++, id, call.Name, call.Arguments));
    }

    private void FlushText()
    {
        if (_text.Length == 0)
            return;
        _parts.Add(_textIsReasoning ? new ReasoningPart(_text.ToString()) : new ContentPart(_text.ToString()));
        _text.Clear();
    }
}
