using System.Diagnostics;
using System.Text;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Output;
using RkLlama.Output.ToolCalls;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>
/// One turn of a generation: one run on a lease, or two. If the reasoning reaches the thinking budget, the first run is aborted, and a second run continues the
/// output without reasoning. Passes the tokens through the output pipeline to the sink. Used by one task.
/// </summary>
/// <param name="guard">Detects repetitions in the output; <see langword="null"/> if repetitions are allowed.</param>
internal sealed class GenerationTurn(PreparedGeneration prepared, IGenerationSink sink, RepetitionGuard? guard, TurnRecorder recorder)
{
    // The text with which a model ends its reasoning.
    private const string EndOfThinking = "\n</think>\n\n";

    private readonly OutputPipeline? _pipeline = PipelineOf(prepared);
    private readonly List<OutputPart> _parts = [];
    private readonly List<GenerationEvent> _events = [];

    // The output so far, as input of a second run. Null if the request sets no thinking budget, because then there is no second run.
    private readonly List<int>? _tokenIds = prepared.Request.Output?.ThinkingBudget is null ? null : [];
    private readonly StringBuilder? _text = prepared.Request.Output?.ThinkingBudget is null ? null : new();
    private readonly List<RunOutcome> _outcomes = [];

    // Number of tokens of all runs so far.
    private int _tokens;
    private bool _hasEndedThinking;
    private long _started;
    private AbortCause? _lastAbort;

    /// <summary>Runs the turn. Becomes the owner of the lease and disposes it after the last run.</summary>
    /// <exception cref="EngineException">A run failed, or the model was unloaded during a run.</exception>
    /// <exception cref="NoModelException">The model was unloaded before the run started.</exception>
    internal async Task<GenerationSummary> RunAsync(ModelLease lease, CancellationToken cancellationToken)
    {
        (RunInput Input, RunParameters Parameters)? next = (InputOf(prepared.Prompt), new(prepared.Request.Sampling, prepared.Budget.MaxNewTokens));
        int tokensBefore = 0;
        AbortCause? cut = null;
        GenerationStatistics? statistics = null;
        try
        {
            using CancellationTokenRegistration left = cancellationToken.Register(() => lease.Abort(AbortCause.ClientDisconnected));
            using CancellationTokenRegistration unload = prepared.Model.Unloaded.Register(() => lease.Abort(AbortCause.Unloaded));
            while (next is { } run)
            {
                tokensBefore = _tokens;
                EngineRun active = await lease.StartRunAsync(session => session.Start(run.Input, run.Parameters), cancellationToken).ConfigureAwait(false);
                _started = lease.Started;
                if (_outcomes.Count == 0)
                    prepared.Request.Trace.RunStarted(lease.QueueTime, lease.LoadTime);
                else
                    EmitEndOfThinking();
                (cut, next) = await ReadAsync(active, lease, cancellationToken).ConfigureAwait(false);
                _outcomes.Add(await EndOfAsync(active).ConfigureAwait(false));
                if (cancellationToken.IsCancellationRequested || prepared.Model.Unloaded.IsCancellationRequested || _outcomes[^1].End.Reason == RunEndReason.Error)
                    next = null;
            }
        }
        finally
        {
            lease.Dispose();
            if (_outcomes.Count > 0)
            {
                GenerationTimings timings = GenerationTimings.Of(_outcomes, lease.QueueTime, lease.LoadTime, _started, prepared.Arrival);
                statistics = GenerationStatistics.Of(prepared.Model.Name, prepared.Prompt, _outcomes, timings, prepared.Arrival);
                recorder.Record(statistics, _outcomes[^1].End, _lastAbort, prepared.Request.Trace.Id);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Summarize(statistics!, cut, tokensBefore);
    }

    /// <summary>Reads the run's tokens until the run ends or the server aborts it.</summary>
    /// <returns>
    /// Cut: why the server aborted this run and ended the output; null if it did not. Next: input and parameters of the run that continues the output after
    /// the thinking budget; null if there is none.
    /// </returns>
    private async Task<(AbortCause? Cut, (RunInput, RunParameters)? Next)> ReadAsync(EngineRun run, ModelLease lease, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (EngineToken[] together in run.Tokens.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                AbortCause? cut = null;
                foreach (EngineToken token in together)
                {
                    _tokens++;
                    _tokenIds?.Add(token.TokenId);
                    _text?.Append(token.Text);
                    Emit(token.Text, isToken: true);
                    cut = AbortCauseAfter(token);
                    if (cut is not null)
                        break;
                }

                Flush();
                if (cut == AbortCause.ThinkingBudget && Continuation() is { } next)
                {
                    // Aborts only this run, because an abort of the lease would also abort the next run.
                    run.Abort(AbortCause.ThinkingBudget);
                    return (null, next);
                }

                // The run has ended before the abort, so nothing was cut.
                if (cut == AbortCause.ThinkingBudget && run.Completion.IsCompleted)
                    cut = null;
                if (cut is not null)
                {
                    lease.Abort(cut.Value);
                    return (cut, null);
                }
            }
        }
        catch (Exception ex)
        {
            lease.Abort(AbortCause.ClientDisconnected);
            if (ex is not OperationCanceledException)
                throw;
        }

        return (null, null);
    }

    /// <summary>Waits until the runtime has ended the run, even if the client has disconnected, because the run uses the NPU until then.</summary>
    private async Task<RunOutcome> EndOfAsync(EngineRun run)
    {
        RunOutcome outcome = await run.Completion.ConfigureAwait(false);
        _lastAbort = run.AbortCause;
        if (_lastAbort is { } cause)
            recorder.RecordAbort(cause);
        return outcome;
    }

    /// <summary>Returns the cause for which the server must abort the run after this token; null if there is none.</summary>
    private AbortCause? AbortCauseAfter(EngineToken token)
    {
        if (_pipeline?.IsStopped == true)
            return AbortCause.StopSequence;

        // Before runtime 1.3, the maximum number of tokens is set at load and cannot be lowered for a run, so the server enforces the budget.
        if (_tokens == prepared.Budget.MaxNewTokens)
            return AbortCause.Length;
        if (guard?.AddAndDetectLoop(token.TokenId) == true)
            return AbortCause.Repetition;
        if (_hasEndedThinking || _pipeline?.IsInReasoning != true || !(_pipeline.ReasoningTokens >= prepared.Request.Output?.ThinkingBudget))
            return null;
        _hasEndedThinking = true;
        return AbortCause.ThinkingBudget;
    }

    /// <summary>Passes text through the output pipeline and collects the resulting events.</summary>
    /// <param name="isToken">True for the text of a generated token, false for text that the server adds. Added text does not count as a token.</param>
    private void Emit(string text, bool isToken)
    {
        if (_pipeline is null)
        {
            // The text is empty if the token completes no character.
            if (text.Length > 0)
                _parts.Add(new ContentPart(text));
        }
        else
        {
            _pipeline.Add(text, _parts, isToken);
        }

        Collect();
    }

    private void EmitEndOfThinking()
    {
        _text?.Append(EndOfThinking);
        Emit(EndOfThinking, isToken: false);
        Flush();
    }

    /// <summary>Converts the collected parts to events.</summary>
    private void Collect()
    {
        if (_parts.Count == 0)
            return;
        double rate = RateAt(Stopwatch.GetTimestamp());
        foreach (OutputPart part in _parts)
            _events.Add(new(part, _tokens, rate, null));
        _parts.Clear();
    }

    /// <summary>Passes the collected events to the sink as one batch.</summary>
    private void Flush()
    {
        if (_events.Count == 0)
            return;
        sink.Write([.. _events]);
        _events.Clear();
    }

    /// <summary>
    /// Returns the input and the parameters of a run that continues the output after the reasoning. The input is the prompt, the output so far and the end of
    /// the reasoning. Returns null if the runtime would apply its own chat template to this input, or if no tokens are left.
    /// </summary>
    private (RunInput, RunParameters)? Continuation()
    {
        if (prepared.Prompts.Mode == PromptMode.Runtime)
            return null;
        IReadOnlyList<int> between = prepared.Prompts.BuildRaw(EndOfThinking).Tokens ?? [];
        int? left = prepared.Budget.MaxNewTokens - _tokens - between.Count;
        if (left < 1)
            return null;
        RunInput input = prepared.Prompt.Tokens is { } tokens
            ? RunInput.FromTokens([.. tokens, .. _tokenIds!, .. between])
            : RunInput.FromText(prepared.Prompt.Text.Text + _text + EndOfThinking);
        return (input, new(prepared.Request.Sampling, left));
    }

    /// <summary>Passes the rest of the output to the sink and returns the result of the turn.</summary>
    /// <param name="cut">Why the server aborted the last run; null if it did not.</param>
    /// <param name="tokensBefore">Number of tokens of the runs before the last one.</param>
    /// <exception cref="EngineException">The run failed, or the model was unloaded during the run.</exception>
    private GenerationSummary Summarize(GenerationStatistics statistics, AbortCause? cut, int tokensBefore)
    {
        RunEnd end = _outcomes[^1].End;
        bool isUnloaded = prepared.Model.Unloaded.IsCancellationRequested;

        // TokenCount does not include the end-of-text token of the last run, but _tokens does.
        int made = tokensBefore + end.TokenCount;
        bool isStop;
        if (cut is not null && !isUnloaded && end.Reason != RunEndReason.Error)
        {
            // A run may end by itself before the abort reaches it. Then the output was cut only if the run generated more tokens than were read.
            isStop = cut == AbortCause.StopSequence || (end.Reason == RunEndReason.Stop && made <= _tokens);
            made = Math.Min(_tokens, made);
        }
        else if (end.Reason is RunEndReason.Stop or RunEndReason.Length)
        {
            isStop = end.Reason == RunEndReason.Stop;
        }
        else
        {
            throw new EngineException(isUnloaded
                ? "The model was unloaded while it answered."
                : $"The answer failed: {end.Error ?? "the run was aborted"}.");
        }

        _pipeline?.Finish(_parts, isTruncated: !isStop);
        Collect();
        Flush();
        FinishReason reason = _pipeline?.HasToolCalls == true ? FinishReason.ToolCalls
            : isStop || _pipeline?.IsStopped == true ? FinishReason.Stop
            : FinishReason.Length;
        prepared.Request.Trace.Completed(reason, statistics.Timings);
        return new(
            reason,
            prepared.Prompt.TokenCount,
            made,
            _pipeline?.ReasoningTokens ?? 0,
            statistics.CachedTokens,
            RateAt(_outcomes[^1].Ended, made),
            statistics.Timings);
    }

    private double RateAt(long timestamp, int? tokens = null) =>
        (tokens ?? _tokens) / Math.Max(Stopwatch.GetElapsedTime(_started, timestamp).TotalSeconds, 1e-6);

    private static RunInput InputOf(Prompt prompt) =>
        prompt.Tokens is { } tokens ? RunInput.FromTokens(tokens) : RunInput.FromText(prompt.Text.Text);

    private static OutputPipeline? PipelineOf(PreparedGeneration prepared) => prepared.Request.Output is not { } options
        ? null
        : new(new()
        {
            Tools = options.Tools is null ? ToolSyntax.None : ToolSyntaxDetector.Detect(prepared.Prompts.ToolTemplateSource),
            ToolNames = options.Tools?.Keys.ToHashSet(StringComparer.Ordinal),
            ToolSchemas = options.Tools,
            DropsToolCalls = options.DropsToolCalls,
            StopSequences = options.StopSequences,
            SplitsReasoning = options.SplitsReasoning,
            StartsInReasoning = options.SplitsReasoning && prepared.Prompt.Text.Text.AsSpan().TrimEnd().EndsWith("<think>"),
        });
}
