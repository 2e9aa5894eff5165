using System.Text;
using RkLlama.Engine.Generation;
using RkLlama.Output;

namespace RkLlama.Server.Http.Results;

/// <summary>
/// Collects the complete output of a generation. Joins consecutive texts of the same kind (content or reasoning) into one part. Not thread-safe: one request
/// uses it.
/// </summary>
internal sealed class CompleteOutput
{
    private readonly List<OutputPart> _parts = [];
    private readonly StringBuilder _text = new();
    private bool _isReasoning;

    /// <summary>The parts of the output, in order.</summary>
    internal IReadOnlyList<OutputPart> Parts => _parts;

    internal string Content => string.Concat(_parts.OfType<ContentPart>().Select(static part => part.Text));

    internal string Reasoning => string.Concat(_parts.OfType<ReasoningPart>().Select(static part => part.Text));

    internal IEnumerable<ToolCallPart> ToolCalls => _parts.OfType<ToolCallPart>();

    /// <summary>The result of the generation. Null until the last event is added.</summary>
    internal GenerationSummary Summary { get; private set; } = null!;

    internal void Add(GenerationEvent item)
    {
        switch (item.Part)
        {
            case ContentPart content:
                AddText(content.Text, isReasoning: false);
                break;
            case ReasoningPart reasoning:
                AddText(reasoning.Text, isReasoning: true);
                break;
            case UnopenedReasoningPart:
                MoveContentToReasoning();
                break;
            case ToolCallPart call:
                EndText();
                _parts.Add(call);
                break;
        }

        if (item.Summary is not { } summary)
            return;
        EndText();
        Summary = summary;
    }

    private void AddText(string text, bool isReasoning)
    {
        if (isReasoning != _isReasoning)
            EndText();
        _isReasoning = isReasoning;
        _text.Append(text);
    }

    /// <summary>Makes all content so far part of the reasoning.</summary>
    private void MoveContentToReasoning()
    {
        EndText();
        string reasoning = Content.Trim();
        _parts.RemoveAll(static part => part is ContentPart);
        int before = _parts.FindLastIndex(static part => part is ReasoningPart);
        if (reasoning.Length > 0 && before >= 0)
            _parts[before] = new ReasoningPart($"{((ReasoningPart)_parts[before]).Text.TrimEnd()}\n\n{reasoning}");
        else if (reasoning.Length > 0)
            _parts.Insert(0, new ReasoningPart(reasoning));
    }

    private void EndText()
    {
        if (_text.Length == 0)
            return;
        _parts.Add(_isReasoning ? new ReasoningPart(_text.ToString()) : new ContentPart(_text.ToString()));
        _text.Clear();
    }
}
