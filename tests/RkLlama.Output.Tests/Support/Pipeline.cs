using System.Text;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.Support;

/// <summary>The output of the pipeline. Adjacent parts of the same kind are joined.</summary>
/// <param name="Calls">The tool calls, each as <c>name{arguments}</c>.</param>
/// <param name="Order">The kinds of parts in order: c, r or t. Adjacent c and adjacent r count once.</param>
internal sealed record PipelineResult(string Content, string Reasoning, IReadOnlyList<string> Calls, string Order, string? Stop);

/// <summary>Runs text through the pipeline.</summary>
internal static class Pipeline
{
    internal const string Weather = "get_weather";
    internal const string Time = "get_time";

    internal static OutputPipelineSettings SettingsFor(ToolFamily tools) => new() { Tools = tools, ToolNames = new HashSet<string> { Weather, Time } };

    /// <summary>Returns the row of the table of families with this name.</summary>
    internal static ToolFamily Family(string name) => ToolFamilies.All.Single(row => row.Name == name);

    internal static PipelineResult Run(OutputPipelineSettings settings, params IEnumerable<string> tokens) =>
        Describe(RunToParts(settings, tokens, out OutputPipeline pipeline), pipeline);

    internal static List<OutputPart> RunToParts(OutputPipelineSettings settings, IEnumerable<string> tokens, out OutputPipeline pipeline)
    {
        pipeline = new(settings);
        List<OutputPart> parts = [];
        foreach (string token in tokens)
            pipeline.Add(new(token, OutputTokenKind.Text), parts);
        pipeline.Finish(parts);
        return parts;
    }

    /// <summary>Runs an output that ends at its token limit.</summary>
    internal static PipelineResult RunTruncated(OutputPipelineSettings settings, string answer)
    {
        OutputPipeline pipeline = new(settings);
        List<OutputPart> parts = [];
        pipeline.Add(new(answer, OutputTokenKind.Text), parts);
        pipeline.Finish(parts, isTruncated: true);
        return Describe(parts, pipeline);
    }

    /// <summary>Returns the content after these tokens, before the output ends.</summary>
    internal static string ContentSoFar(OutputPipelineSettings settings, params string[] tokens)
    {
        OutputPipeline pipeline = new(settings);
        List<OutputPart> parts = [];
        foreach (string token in tokens)
            pipeline.Add(new(token, OutputTokenKind.Text), parts);
        return Describe(parts, pipeline).Content;
    }

    /// <summary>Splits an answer into random tokens several times, and expects the same result each time.</summary>
    /// <param name="result">The result of the whole answer.</param>
    /// <param name="splits">How many times the answer is split.</param>
    internal static void ExpectFromAnyTokens(PipelineResult result, OutputPipelineSettings settings, string answer, int seed, int splits)
    {
        Random random = new(seed);
        for (int i = 0; i < splits; i++)
            Run(settings, RandomTokens(answer, random)).Should().BeEquivalentTo(result);
    }

    /// <summary>Splits a text into tokens of random length, some of them empty.</summary>
    internal static IEnumerable<string> RandomTokens(string text, Random random, int maxLength = 6)
    {
        for (int start = 0; start < text.Length;)
        {
            int length = Math.Min(random.Next(0, maxLength + 1), text.Length - start);
            yield return text.Substring(start, length);
            start += length;
        }
    }

    private static PipelineResult Describe(List<OutputPart> parts, OutputPipeline pipeline)
    {
        StringBuilder content = new();
        StringBuilder reasoning = new();
        StringBuilder order = new();
        List<string> calls = [];
        foreach (OutputPart part in parts)
        {
            char kind = part is ContentPart ? 'c' : part is ReasoningPart ? 'r' : part is UnopenedReasoningPart ? 'u' : 't';
            if (kind is 't' or 'u' || order.Length == 0 || order[^1] != kind)
                order.Append(kind);
            if (part is ContentPart { Text: var text })
                content.Append(text);
            else if (part is ReasoningPart { Text: var thought })
                reasoning.Append(thought);
            else if (part is ToolCallPart call)
                calls.Add(call.Name + call.Arguments);
        }

        return new(content.ToString(), reasoning.ToString(), calls, order.ToString(), pipeline.StopSequence);
    }
}
