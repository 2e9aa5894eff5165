using System.Text;
using RkLlama.Engine.Diagnostics;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The sink of a generation whose content must be JSON. Passes on reasoning and tool calls at once. Holds the content until it is complete and checked. If the
/// finish reason is not <see cref="FinishReason.Stop"/>, the content is sent unchecked. Used by one task.
/// </summary>
internal sealed class StructuredOutput(OutputFormat format, IGenerationSink sink) : IGenerationSink
{
    private readonly StringBuilder _content = new();
    private string? _problem;
    private string _json = "";
    private bool _isRetry;

    /// <summary>The content of the current turn so far, as the model generated it.</summary>
    internal string Content => _content.ToString();

    /// <inheritdoc/>
    public void Write(GenerationEvent[] events)
    {
        foreach (GenerationEvent item in events)
        {
            if (item.Part is ContentPart content)
                _content.Append(content.Text);
            else if (item.Part is UnopenedReasoningPart)
                PassAsReasoning(item);
        }

        if (Array.FindAll(events, static item => item.Part is not (ContentPart or UnopenedReasoningPart)) is { Length: > 0 } others)
            sink.Write(others);
    }

    /// <summary>Passes on the content so far as reasoning, because the model has closed a reasoning block that it did not open.</summary>
    private void PassAsReasoning(GenerationEvent at)
    {
        string reasoning = Content.Trim();
        _content.Clear();
        if (reasoning.Length > 0)
            sink.Write([new(new ReasoningPart(reasoning), at.OutputTokens, at.TokensPerSecond, null)]);
    }

    /// <summary>
    /// Checks the content of a completed turn. If the finish reason is not <see cref="FinishReason.Stop"/>, the content is not checked and counts as valid.
    /// </summary>
    /// <returns>The problem with the content; <see langword="null"/> if there is none.</returns>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal string? Check(FinishReason reason, CpuBudget cpu)
    {
        string content = Content, json = content;
        string? problem = null;
        if (reason == FinishReason.Stop)
        {
            problem = format.FindProblem(content, cpu, out string? found);
            json = found ?? "";
        }

        // The result of the retry replaces the result of the first turn. Exception: if the schema is not strict and the retry has no JSON, the first result is
        // kept, because JSON that does not conform is better than none.
        if (!_isRetry || format.IsStrict || json.Length > 0)
            (_problem, _json) = (problem, json);
        return problem;
    }

    /// <summary>Prepares for the second turn: clears the content. Keeps the JSON of the first turn, in case the second turn has none.</summary>
    internal void BeginRetry()
    {
        _content.Clear();
        _isRetry = true;
    }

    /// <summary>Passes the JSON to the sink. Called after the last turn.</summary>
    /// <returns>The problem with the JSON that was sent; <see langword="null"/> if there is none.</returns>
    /// <exception cref="OutputFormatException">The content has no JSON, or it does not conform to a strict schema.</exception>
    internal string? Send(GenerationSummary summary)
    {
        if (_problem is not null && (format.IsStrict || _json.Length == 0))
            throw new OutputFormatException(_problem, format.Parameter);
        if (_json.Length > 0)
            sink.Write([new(new ContentPart(_json), summary.OutputTokens, summary.TokensPerSecond, null)]);
        return _problem;
    }
}

/// <summary>The content does not have the format that the request requires.</summary>
/// <param name="parameter">Name of the request field that specifies the format.</param>
internal sealed class OutputFormatException(string problem, string parameter) : Exception($"The model did not answer in the form that was asked for: {Excerpt.Of(problem)}.")
{
    internal string Parameter => parameter;
}
