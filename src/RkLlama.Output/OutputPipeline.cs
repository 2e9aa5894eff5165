using System.Security.Cryptography;
using System.Text;
using RkLlama.Output.Reasoning;
using RkLlama.Output.StopSequences;
using RkLlama.Output.ToolCalls;

namespace RkLlama.Output;

/// <summary>
/// Sorts the text of one answer, as it comes, into content, reasoning and calls of tools: reasoning is split off first, calls are found in
/// the rest, stop sequences in what then is visible. Each stage takes single characters, so that how the text was cut into tokens changes
/// where parts are cut and nothing else. Each takes time in proportion to the text. One per answer; used by one thread at a time.
/// </summary>
internal sealed class OutputPipeline
{
    private readonly ReasoningSplitter _reasoning;
    private readonly ToolCallSplitter? _tools;
    private readonly StopMatcher _stops;
    private readonly bool _dropsCalls;
    private readonly StringBuilder _text = new();
    private bool _textIsReasoning;
    private List<OutputPart> _parts = [];
    private int _callCount;

    internal OutputPipeline(OutputSettings settings)
    {
        _dropsCalls = settings.DropsCalls;
        _stops = new(settings.StopSequences, c => Emit(c, isReasoning: false));
        _tools = settings.Tools == ToolSyntax.None ? null : new(settings, _stops.Take, EmitCall);
        Action<char> content = _tools is null ? _stops.Take : _tools.Take;
        _reasoning = settings.SplitsReasoning
            ? new(settings.StartsInReasoning, content, c => Emit(c, isReasoning: true), _ => { })
            : new(settings.StartsInReasoning, content, _stops.Take, _stops.Take);
    }

    /// <summary>A stop sequence was met: the answer ends here, whatever the model still writes.</summary>
    internal bool IsStopped => _stops.Met is not null;

    internal string? StopSequence => _stops.Met;

    internal bool IsInReasoning => _reasoning.IsInside;

    internal bool HasToolCalls => _callCount > 0;

    /// <summary>Tokens that belong to the reasoning, its tags included, counted by calls of <see cref="Add"/>.</summary>
    internal int ReasoningTokens { get; private set; }

    /// <summary>Takes the text of one token, possibly empty.</summary>
    /// <param name="parts">Gets what is decided by now; often nothing.</param>
    /// <param name="isToken">False for text that the server has put into the answer.</param>
    internal void Add(string text, List<OutputPart> parts, bool isToken = true)
    {
        if (IsStopped)
            return;
        _parts = parts;
        bool isReasoning = IsInReasoning;
        foreach (char c in text)
        {
            _reasoning.Take(c);
            isReasoning |= IsInReasoning;
            if (IsStopped)
                break;
        }

        ReasoningTokens += isReasoning && isToken ? 1 : 0;
        EndText();
    }

    /// <summary>The answer has ended: adds what was held back.</summary>
    /// <param name="isCut">It ended at its limit, and not because the model was done.</param>
    internal void Finish(List<OutputPart> parts, bool isCut = false)
    {
        if (IsStopped)
            return;
        _parts = parts;
        _reasoning.Finish();
        _tools?.Finish(isCut);
        _stops.Break();
        EndText();
    }

    private void Emit(char c, bool isReasoning)
    {
        if (_textIsReasoning != isReasoning)
            EndText();
        _textIsReasoning = isReasoning;
        _text.Append(c);
    }

    private void EmitCall(ParsedToolCall call)
    {
        // The text before the call is over: what might have begun a stop sequence does not continue behind it.
        _stops.Break();
        if (IsStopped || _dropsCalls)
            return;
        EndText();
        string id = "call_" + RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 24);
        _parts.Add(new ToolCallPart(_callCount++, id, call.Name, call.Arguments));
    }

    private void EndText()
    {
        if (_text.Length == 0)
            return;
        _parts.Add(_textIsReasoning ? new ReasoningPart(_text.ToString()) : new ContentPart(_text.ToString()));
        _text.Clear();
    }
}
