using System.Text;
using RkLlama.Output.Reasoning;
using RkLlama.Output.StopSequences;
using RkLlama.Output.Text;
using RkLlama.Output.ToolCalls;
using RkLlama.Output.ToolCalls.Families;
using RkLlama.Output.ToolCalls.Parsing;

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
    private readonly AnswerUnwrapper? _answer;
    private readonly ToolCallSplitter? _tools;
    private readonly ToolCallSplitter? _thoughtTools;
    private readonly StopSequenceMatcher _stops;
    private readonly int _maxCalls;
    private readonly StringBuilder _text = new();
    private bool _textIsReasoning;
    private List<OutputPart> _parts = [];
    private int _callCount;
    private int _tokens;

    internal OutputPipeline(OutputPipelineSettings settings)
    {
        _maxCalls = settings.DropsToolCalls ? 0 : settings.MaxToolCalls;
        _stops = new(settings.StopSequences, c => Emit(c, isReasoning: false));
        Action<OutputChar> content = _stops.Feed;
        Action<OutputChar> thoughts = settings.SplitsReasoning ? c => Emit(c, isReasoning: true) : _stops.Feed;
        if (settings.Tools is { } family)
        {
            ToolCallReader reader = new(settings.ToolNames, settings.ToolSchemas, allowsKeyed: !settings.ExpectsJson) { BlockTags = ToolFamilies.BlockTags };
            _tools = new(reader, family, settings.DropsToolCalls ? CallPlaces.Marks : CallPlaces.Any, content, EmitCall);
            content = _tools.Feed;

            // A call inside a block that never ends is a call. Without splitting, the block is content, in the order in which it arrives.
            if (settings is { SplitsReasoning: true, DropsToolCalls: false })
            {
                _thoughtTools = new(reader, family, CallPlaces.End, thoughts, EmitCall);
                thoughts = _thoughtTools.Feed;
            }
        }

        if (settings.SplitsReasoning)
        {
            _answer = new(settings.PlainTags, content);
            content = _answer.Feed;
        }

        _reasoning = new(
            settings.StartTag,
            settings is { SplitsReasoning: true, MayBeginWithReasoning: true } ? UnopenedReasoning.Of(settings.ModelTag) : UnopenedReasoning.None,
            settings.PlainTags,
            new(content, thoughts, settings.SplitsReasoning ? static _ => { } : _stops.Feed, StartCall, EndReasoning, EndContentPart, EndUnopenedReasoning));
    }

    /// <summary>Whether a stop sequence has ended the output. Further text is ignored.</summary>
    internal bool IsStopped => _stops.Found is not null;

    /// <summary>The stop sequence that ended the output; null if none did.</summary>
    internal string? StopSequence => _stops.Found;

    internal bool IsInReasoning => _reasoning.IsInBlock;

    internal bool HasToolCalls => _callCount > 0;

    /// <summary>The number of generated tokens in the reasoning block, including those of its tags.</summary>
    internal int ReasoningTokens { get; private set; }

    /// <summary>Adds one token.</summary>
    /// <param name="parts">The parts that are complete are appended to this list; often there are none.</param>
    internal void Add(OutputToken token, List<OutputPart> parts)
    {
        if (IsStopped)
            return;
        _parts = parts;
        bool isReasoning = IsInReasoning;
        bool isSpecial = token.Kind == OutputTokenKind.Special;
        _tokens += token.Kind == OutputTokenKind.Inserted ? 0 : 1;
        foreach (char c in token.Text)
        {
            _reasoning.Feed(new(c, isSpecial));
            isReasoning |= IsInReasoning;
            if (IsStopped)
                break;
        }

        ReasoningTokens += isReasoning && token.Kind != OutputTokenKind.Inserted ? 1 : 0;
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
        if (IsInReasoning)
            _thoughtTools?.Finish(isTruncated);
        _answer?.Finish();
        _tools?.Finish(isTruncated);
        _stops.Flush();
        FlushText();
    }

    private void Emit(OutputChar c, bool isReasoning)
    {
        if (c.IsSpecial)
            return;
        if (_textIsReasoning != isReasoning)
            FlushText();
        _textIsReasoning = isReasoning;
        _text.Append(c.Value);
    }

    private void EmitCall(ParsedToolCall call)
    {
        // A stop sequence cannot continue across a tool call.
        _stops.Flush();
        if (IsStopped || _callCount >= _maxCalls)
            return;
        FlushText();
        string id = "call_" + Random.Shared.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 24);
        _parts.Add(new ToolCallPart(_callCount++, id, call.Name, call.Arguments));
    }

    private void StartCall(OutputChar[] recipient)
    {
        if (_tools is { IsOpen: false })
            _tools.Start(ToolFamilies.Recipient, recipient);
        else
            Array.ForEach(recipient, _tools is null ? _stops.Feed : _tools.Feed);
    }

    private void EndReasoning()
    {
        _thoughtTools?.Abandon();
        _answer?.StartAnswer();
    }

    /// <summary>Called at the end of a message. No call and no stop sequence can continue in the next one.</summary>
    private void EndContentPart()
    {
        _answer?.StartAnswer();
        _tools?.Finish(isTruncated: false);
        _tools?.Abandon();
        _stops.Flush();
    }

    /// <summary>Called at a closing tag without an opening one: all content so far was reasoning.</summary>
    private void EndUnopenedReasoning()
    {
        _answer?.StartAnswer();
        _tools?.Abandon();
        _stops.Flush();
        if (IsStopped)
            return;
        FlushText();
        _parts.Add(new UnopenedReasoningPart());
        ReasoningTokens = _tokens;
    }

    private void FlushText()
    {
        if (_text.Length == 0)
            return;
        _parts.Add(_textIsReasoning ? new ReasoningPart(_text.ToString()) : new ContentPart(_text.ToString()));
        _text.Clear();
    }
}
