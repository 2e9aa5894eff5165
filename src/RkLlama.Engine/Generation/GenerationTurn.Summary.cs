using System.Diagnostics;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

// The end of a turn.
internal sealed partial class GenerationTurn
{
    /// <summary>Passes the rest of the output to the sink and returns the result of the turn.</summary>
    /// <param name="cut">Why the server aborted the last run; null if it did not.</param>
    /// <exception cref="EngineException">The run failed, or the model was unloaded during the run.</exception>
    /// <exception cref="ContextLengthException">The runtime refused the prompt, because it is too long.</exception>
    private GenerationSummary Summarize(GenerationStatistics statistics, AbortCause? cut)
    {
        RunEnd end = _outcomes[^1].End;
        bool isUnloaded = prepared.Model.Unloaded.IsCancellationRequested;

        // TokenCount does not include the end-of-text token of the last run, but Count does.
        int made = Math.Min(_tokens.CountBeforeRun + end.TokenCount, _tokensBeforeEnd ?? int.MaxValue);
        bool isStop;
        if (cut is not null && !isUnloaded && end.Reason != RunEndReason.Error)
        {
            // A run may end by itself before the abort reaches it. Then the output was cut only if the run generated more tokens than were read.
            isStop = cut is AbortCause.StopSequence or AbortCause.EndToken or AbortCause.Complete || (cut is not AbortCause.Correction && end.Reason == RunEndReason.Stop && made <= _tokens.Count);
            made = Math.Min(_tokens.Count, made);
        }
        else if (end.Reason is RunEndReason.Stop or RunEndReason.Length)
        {
            isStop = end.Reason == RunEndReason.Stop || _output.HasEnded;
        }
        else
        {
            // A second run is longer than the prompt of the request.
            if (!isUnloaded && _outcomes is [{ RefusedPrompt: { } refused }])
                throw ContextLengthException.Of(refused, prepared.Model.ContextLength, prepared.Request.PromptField);
            throw new EngineException(isUnloaded
                ? "The model was unloaded while it answered."
                : $"The answer failed: {end.Error ?? "the run was aborted"}.");
        }

        // A document that lacks a part is not what the model was asked for, even if the model ended by itself.
        isStop &= content is not { IsComplete: false } || _output.IsStopped;
        _output.Finish(isComplete: cut is null && end.Reason == RunEndReason.Stop, isTruncated: !isStop, _events.Parts);
        content?.Apply(_events.Parts);
        content?.Finish(_events.Parts);
        Collect();
        _events.Flush();
        FinishReason reason = _output.HasToolCalls ? FinishReason.ToolCalls
            : isStop || _output.IsStopped ? FinishReason.Stop
            : FinishReason.Length;
        prepared.Request.Trace.Completed(reason, statistics.Timings);
        return new(
            reason,
            prepared.Prompt.TokenCount,
            made,
            _output.ReasoningTokens,
            statistics.CachedTokens,
            RateAt(_outcomes[^1].Ended, made),
            statistics.Timings)
        {
            StopSequence = _output.StopSequence,
        };
    }

    private double RateAt(long timestamp, int? tokens = null) =>
        (tokens ?? _tokens.Count) / Math.Max(Stopwatch.GetElapsedTime(_started, timestamp).TotalSeconds, 1e-6);
}
