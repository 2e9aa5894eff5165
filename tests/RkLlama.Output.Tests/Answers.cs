using System.Text;
using RkLlama.Output.ToolCalls;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests;

/// <summary>What came out of the pipeline, however it was cut into parts.</summary>
/// <param name="Calls">Each as <c>name{arguments}</c>.</param>
/// <param name="Order">The kinds of parts in order: c, r or t, without repetition of c and r.</param>
internal sealed record Sorted(string Content, string Reasoning, IReadOnlyList<string> Calls, string Order, string? Stop);

/// <summary>Runs answers through the pipeline.</summary>
internal static class Answers
{
    internal const string Weather = "get_weather";
    internal const string Time = "get_time";

    internal static OutputSettings With(ToolSyntax tools) => new() { Tools = tools, ToolNames = new HashSet<string> { Weather, Time } };

    internal static Sorted Sort(OutputSettings settings, params IEnumerable<string> tokens) => Describe(Parts(settings, tokens, out OutputPipeline pipeline), pipeline);

    internal static List<OutputPart> Parts(OutputSettings settings, IEnumerable<string> tokens, out OutputPipeline pipeline)
    {
        pipeline = new(settings);
        List<OutputPart> parts = [];
        foreach (string token in tokens)
            pipeline.Add(token, parts);
        pipeline.Finish(parts);
        return parts;
    }

    /// <summary>An answer that ended at its limit.</summary>
    internal static Sorted Cut(OutputSettings settings, string answer)
    {
        OutputPipeline pipeline = new(settings);
        List<OutputPart> parts = [];
        pipeline.Add(answer, parts);
        pipeline.Finish(parts, isCut: true);
        return Describe(parts, pipeline);
    }

    /// <summary>What is out after the tokens, before the end of the answer is known.</summary>
    internal static string SoFar(OutputSettings settings, params string[] tokens)
    {
        OutputPipeline pipeline = new(settings);
        List<OutputPart> parts = [];
        foreach (string token in tokens)
            pipeline.Add(token, parts);
        return Describe(parts, pipeline).Content;
    }

    /// <summary>Cuts a text into tokens of random lengths, a few of them empty.</summary>
    internal static IEnumerable<string> Cut(string text, Random random, int longest = 6)
    {
        for (int start = 0; start < text.Length;)
        {
            int length = Math.Min(random.Next(0, longest + 1), text.Length - start);
            yield return text.Substring(start, length);
            start += length;
        }
    }

    private static Sorted Describe(List<OutputPart> parts, OutputPipeline pipeline)
    {
        StringBuilder content = new();
        StringBuilder reasoning = new();
        StringBuilder order = new();
        List<string> calls = [];
        foreach (OutputPart part in parts)
        {
            char kind = part is ContentPart ? 'c' : part is ReasoningPart ? 'r' : 't';
            if (kind == 't' || order.Length == 0 || order[^1] != kind)
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
