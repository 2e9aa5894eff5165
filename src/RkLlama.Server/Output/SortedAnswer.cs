using System.Runtime.CompilerServices;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Inference;

namespace RkLlama.Server.Output;

/// <summary>How an answer ended, in the words of the wire.</summary>
/// <param name="FinishReason">stop, length or tool_calls.</param>
/// <param name="CachedTokens">Null where the runtime does not say.</param>
internal sealed record AnswerEnd(string FinishReason, int PromptTokens, int OutputTokens, int ReasoningTokens, int? CachedTokens, AnswerTimings Timings);

/// <summary>Something new, or, once and last, the end.</summary>
internal readonly record struct SortedPart(OutputPart? Part, AnswerEnd? End);

/// <summary>What a request wants of the form of its answer.</summary>
/// <param name="OffersTools">Whether calls are looked for.</param>
internal sealed record OutputWishes(
    IReadOnlyList<string> StopSequences, bool OffersTools, IReadOnlyDictionary<string, System.Text.Json.JsonElement> ToolSchemas, bool SplitsReasoning = true)
{
    internal static OutputWishes Plain(IReadOnlyList<string> stopSequences) =>
        new(stopSequences, false, new Dictionary<string, System.Text.Json.JsonElement>(), SplitsReasoning: false);
}

/// <summary>An answer, sorted into content, reasoning and tool calls; ends it at a stop sequence. Read once.</summary>
internal sealed class SortedAnswer(Answer answer, PromptBuilder prompts, OutputWishes wishes)
{
    internal int PromptTokens => answer.PromptTokens;

    internal async IAsyncEnumerable<SortedPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        OutputPipeline pipeline = new(new()
        {
            Tools = wishes.OffersTools ? ToolSyntaxes.Detect(prompts.ToolTemplateSource) : ToolSyntax.None,
            ToolNames = wishes.ToolSchemas.Keys.ToHashSet(StringComparer.Ordinal),
            ToolSchemas = wishes.ToolSchemas,
            StopSequences = wishes.StopSequences,
            SplitsReasoning = wishes.SplitsReasoning,
            StartsInReasoning = wishes.SplitsReasoning && answer.PromptText.AsSpan().TrimEnd().EndsWith("<think>"),
        });
        List<OutputPart> parts = [];
        await foreach (AnswerPart raw in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (raw.End is not { } end)
                pipeline.Add(raw.Text, parts);
            else
                pipeline.Finish(parts);
            foreach (OutputPart part in parts)
                yield return new(part, null);
            parts.Clear();
            if (pipeline.IsStopped)
                answer.Stop();
            if (raw.End is { } last)
                yield return new(null, EndOf(last, pipeline));
        }
    }

    private AnswerEnd EndOf(GenerationEnd end, OutputPipeline pipeline) => new(
        (pipeline.HasToolCalls, end.Reason) switch
        {
            (true, _) => "tool_calls",
            (_, FinishReason.Length) when !pipeline.IsStopped => "length",
            _ => "stop",
        },
        answer.PromptTokens,
        end.TokenCount,
        pipeline.ReasoningTokens,
        answer.CachedTokensOf(end),
        answer.Timings!);
}
