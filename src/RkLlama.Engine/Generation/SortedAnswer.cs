using System.Runtime.CompilerServices;
using RkLlama.Engine.Residency;
using RkLlama.Native;
using RkLlama.Output;
using RkLlama.Output.ToolCalls;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>
/// An answer, sorted into content, reasoning and tool calls; ends it at a stop sequence, and its reasoning at the budget. Read once.
/// </summary>
internal sealed class SortedAnswer(Answer answer, PromptBuilder prompts, OutputWishes wishes)
{
    // What a model that has had enough time would write itself.
    private const string EndOfThinking = "\n</think>\n\n";

    internal LoadedModel Model => answer.Model;

    internal async IAsyncEnumerable<SortedPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        OutputPipeline pipeline = new(new()
        {
            Tools = wishes.Tools is null ? ToolSyntax.None : ToolSyntaxDetector.Detect(prompts.ToolTemplateSource),
            ToolNames = wishes.Tools?.Keys.ToHashSet(StringComparer.Ordinal),
            ToolSchemas = wishes.Tools,
            DropsCalls = wishes.DropsCalls,
            StopSequences = wishes.StopSequences,
            SplitsReasoning = wishes.SplitsReasoning,
            StartsInReasoning = wishes.SplitsReasoning && answer.PromptText.AsSpan().TrimEnd().EndsWith("<think>"),
        });
        List<OutputPart> parts = [];
        int tokens = 0;
        bool hasEndedThinking = false;
        await foreach (AnswerPart raw in answer.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (raw.End is not { } end)
                pipeline.Add(raw.Text, parts, isToken: raw.Tokens > tokens);
            else
                pipeline.Finish(parts, isTruncated: end.Reason == FinishReason.Length);
            tokens = raw.Tokens;
            foreach (OutputPart part in parts)
                yield return new(part, null);
            parts.Clear();
            if (pipeline.IsStopped)
                answer.Stop();
            if (!hasEndedThinking && pipeline.IsInReasoning && pipeline.ReasoningTokens >= wishes.ThinkingBudget)
            {
                hasEndedThinking = true;
                answer.GoOnBehind(EndOfThinking);
            }

            if (raw.End is { } last)
            {
                AnswerEnd whole = EndOf(last, pipeline);
                answer.Ledger?.FinishesWith(whole.FinishReason);
                yield return new(null, whole);
            }
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
        answer.CachedTokens,
        answer.Timings!);
}
