using System.Text;
using RkLlama.Engine.Generation;
using RkLlama.Output;

namespace RkLlama.Server.Http.Results;

/// <summary>Collects the complete output of a generation. Consecutive texts of the same kind become one part. Used by one request.</summary>
internal sealed class CompleteOutput
{
    private readonly List<OutputPart> _parts = [];
    private readonly StringBuilder _text = new();
    private bool _isReasoning;

    /// <summary>The parts in order.</summary>
    internal IReadOnlyList<OutputPart> Parts => _parts;

    internal string Content => string.Concat(_parts.OfType<ContentPart>().Select(static part => part.Text));

    internal string Reasoning => string.Concat(_parts.OfType<ReasoningPart>().Select(static part => part.Text));

    internal IEnumerable<ToolCallPart> ToolCalls => _parts.OfType<ToolCallPart>();

    /// <summary>Set by the last event.</summary>
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

    private void EndText()
    {
        if (_text.Length == 0)
            return;
        _parts.Add(_isReasoning ? new ReasoningPart(_text.ToString()) : new ContentPart(_text.ToString()));
        _text.Clear();
    }
}
