using System.Runtime.CompilerServices;
using System.Text;
using RkLlama.Output;
using RkLlama.Output.StructuredJson;

namespace RkLlama.Engine.Generation;

/// <summary>
/// An answer that has to be JSON: thoughts and calls pass as they come, the content only when it is whole and right. One that is wrong is asked for
/// once more. An answer that ended at its limit is not whole, and says so by its finish reason.
/// </summary>
/// <param name="again">Prepares the second answer, from the first one's text and what is wrong with it; null where there is no asking again.</param>
/// <param name="report">Hears of an answer that goes out though it does not fit.</param>
internal sealed class FormattedAnswer(
    SortedAnswer first, OutputFormat format, Func<string, string, CancellationToken, Task<SortedAnswer>>? again, Action<string> report)
{
    internal async IAsyncEnumerable<SortedPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StringBuilder content = new();
        AnswerEnd? end = null;
        await foreach (SortedPart part in PassThoughtsAsync(first, content, cancellationToken).ConfigureAwait(false))
        {
            if (part.End is not null)
                end = part.End;
            else
                yield return part;
        }

        string? problem = ProblemOf(end!, content.ToString(), out string text);
        if (problem is not null && again is not null)
        {
            SortedAnswer second = await again(content.ToString(), problem, cancellationToken).ConfigureAwait(false);
            content.Clear();
            await foreach (SortedPart part in PassThoughtsAsync(second, content, cancellationToken).ConfigureAwait(false))
            {
                if (part.End is { } other)
                    end = end! + other;
                else
                    yield return part;
            }

            // JSON that does not fit is more than none, where it only ought to fit.
            string? secondProblem = ProblemOf(end!, content.ToString(), out string secondText);
            if (format.IsStrict || secondText.Length > 0)
                (problem, text) = (secondProblem, secondText);
        }

        if (problem is not null && (format.IsStrict || text.Length == 0))
            throw new OutputFormatException(problem, format.Parameter);

        if (problem is not null)
            report(problem);
        if (text.Length > 0)
            yield return new(new ContentPart(text), null);
        yield return new(null, end);
    }

    /// <summary>What is wrong, null for nothing; and what to send: the JSON, or as much as there is of it.</summary>
    private string? ProblemOf(AnswerEnd end, string content, out string text)
    {
        text = content;
        if (end.FinishReason is "length" or "tool_calls")
            return null;
        string? problem = format.FindProblem(content, out string? json);
        text = json ?? "";
        return problem;
    }

    private static async IAsyncEnumerable<SortedPart> PassThoughtsAsync(
        SortedAnswer answer, StringBuilder content, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (SortedPart part in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (part.Part is ContentPart text)
                content.Append(text.Text);
            else
                yield return part;
        }
    }
}

/// <summary>The answer does not have the form that the request asks for.</summary>
/// <param name="parameter">The field of the request that asks for it.</param>
internal sealed class OutputFormatException(string problem, string parameter) : Exception($"The model did not answer in the form that was asked for: {problem}.")
{
    internal string Parameter => parameter;
}
