using System.Text;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Engine.Generation;

/// <summary>
/// The output of an answer that must be JSON: reasoning and tool calls pass at once, the content is held until it is complete and checked. An answer that
/// reached its bound in tokens is not complete, and its finish reason says so. Used by one task.
/// </summary>
internal sealed class StructuredOutput(OutputFormat format, IGenerationSink sink) : IGenerationSink
{
    private readonly StringBuilder _content = new();
    private string? _problem;
    private string _json = "";
    private bool _isRetry;

    /// <summary>The content of the present turn, as the model wrote it.</summary>
    internal string Content => _content.ToString();

    /// <inheritdoc/>
    public void Write(GenerationEvent[] events)
    {
        foreach (GenerationEvent item in events)
        {
            if (item.Part is ContentPart content)
                _content.Append(content.Text);
        }

        if (Array.FindAll(events, static item => item.Part is not ContentPart) is { Length: > 0 } others)
            sink.Write(others);
    }

    /// <summary>Checks the content of a complete turn.</summary>
    /// <returns>The problem with it; <see langword="null"/> if there is none.</returns>
    internal string? Check(FinishReason reason)
    {
        string content = Content, json = content;
        string? problem = null;
        if (reason == FinishReason.Stop)
        {
            problem = format.FindProblem(content, out string? found);
            json = found ?? "";
        }

        // If the schema is not strict, JSON that does not conform is better than none.
        if (!_isRetry || format.IsStrict || json.Length > 0)
            (_problem, _json) = (problem, json);
        return problem;
    }

    /// <summary>The model is asked once more: forgets the content, and keeps what it was in case the retry has none.</summary>
    internal void BeginRetry()
    {
        _content.Clear();
        _isRetry = true;
    }

    /// <summary>Sends the JSON.</summary>
    /// <returns>The problem with it, if it is sent all the same; else <see langword="null"/>.</returns>
    /// <exception cref="OutputFormatException">There is no JSON, or it does not conform to a strict schema.</exception>
    internal string? Send(GenerationSummary summary)
    {
        if (_problem is not null && (format.IsStrict || _json.Length == 0))
            throw new OutputFormatException(_problem, format.Parameter);
        if (_json.Length > 0)
            sink.Write([new(new ContentPart(_json), summary.OutputTokens, summary.TokensPerSecond, null)]);
        return _problem;
    }
}

/// <summary>The answer does not have the form that the request asks for.</summary>
/// <param name="parameter">The request's field that asks for it.</param>
internal sealed class OutputFormatException(string problem, string parameter) : Exception($"The model did not answer in the form that was asked for: {problem}.")
{
    internal string Parameter => parameter;
}
