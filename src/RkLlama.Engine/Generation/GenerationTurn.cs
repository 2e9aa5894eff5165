using System.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>
/// One turn of a generation: one run, or several that continue the output. If the reasoning reaches the thinking budget, its run is aborted, and the next one
/// continues without reasoning. If a background run gives way to another request, its lease ends, and the next run continues on a later one. Passes the output to
/// the sink. Used by one task.
/// </summary>
/// <param name="guard">Detects repetitions in the output; <see langword="null"/> if repetitions are allowed.</param>
internal sealed class GenerationTurn(PreparedGeneration prepared, IGenerationSink sink, RepetitionGuard? guard, TurnRecorder recorder)
{
    private readonly TurnOutput _output = new(prepared, id => recorder.RecordDifference(prepared.Model.Name, id));
    private readonly EventBuffer _events = new(sink);

    // If the rest of a background run takes at most this time, the other request waits for it.
    private static readonly TimeSpan ShortRest = TimeSpan.FromSeconds(5);

    // Used while the model's decode time is not known.
    private static readonly TimeSpan UsualDecodeTime = TimeSpan.FromMilliseconds(100);

    private readonly TurnTokens _tokens = new(prepared);
    private readonly List<RunOutcome> _outcomes = [];

    // Number of tokens before the token that ended the answer; null if none has.
    private int? _tokensBeforeEnd;
    private bool _hasEndedThinking;
    private volatile bool _hasGivenWay;
    private long _started;
    private AbortCause? _lastAbort;
    private EngineToken? _rest;

    /// <summary>Runs the turn. Disposes each lease after its last run.</summary>
    /// <param name="acquire">Waits for a lease on the model of the request.</param>
    /// <exception cref="EngineException">A run failed, or the model was unloaded during a run.</exception>
    /// <exception cref="NoModelException">The model was unloaded before the run started.</exception>
    internal async Task<GenerationSummary> RunAsync(Func<QueuedRequest, Task<ModelLease>> acquire, CancellationToken cancellationToken)
    {
        (RunInput Input, RunParameters Parameters)? next = (prepared.Input, new(prepared.Request.Sampling, prepared.Budget.MaxNewTokens));
        AbortCause? cut = null;
        bool endsThinking = false;
        GenerationStatistics? statistics = null;
        TurnLeases leases = new(prepared, acquire);
        await leases.NextAsync(prepared.Input).ConfigureAwait(false);
        try
        {
            using CancellationTokenRegistration left = cancellationToken.Register(() => leases.Abort(AbortCause.ClientDisconnected));
            using CancellationTokenRegistration unload = prepared.Model.Unloaded.Register(() => leases.Abort(AbortCause.Unloaded));
            while (next is { } run)
            {
                ModelLease lease = leases.Current;
                _tokens.BeginRun();
                bool clearsCache = lease.ClearsCache;
                EngineRun active = await lease.StartRunAsync(session => session.Start(run.Input, run.Parameters, clearsCache), cancellationToken, prepared.Fingerprint).ConfigureAwait(false);
                if (_outcomes.Count == 0)
                {
                    _started = lease.Started;
                    prepared.Request.Trace.RunStarted(lease.QueueTime, lease.LoadTime);
                }

                if (endsThinking)
                    EmitEndOfThinking();
                using (lease.Wanted.Register(() => GiveWay(active)))
                    (cut, next) = await ReadAsync(active, lease, cancellationToken).ConfigureAwait(false);
                endsThinking = next is not null;
                RunOutcome outcome = await EndOfAsync(active).ConfigureAwait(false);
                _outcomes.Add(outcome);
                if (outcome.End.Reason is RunEndReason.Stop or RunEndReason.Length || (outcome.End.Reason == RunEndReason.Cancelled && outcome.FirstToken is not null))
                    lease.SetKvCache(_tokens.CacheAfter(run.Input));
                bool givesWay = _lastAbort == AbortCause.GivesWay && cut is null && !endsThinking && outcome.End.Reason == RunEndReason.Cancelled;
                if (!givesWay)
                    AddRest();
                if (cancellationToken.IsCancellationRequested || prepared.Model.Unloaded.IsCancellationRequested || outcome.End.Reason == RunEndReason.Error)
                {
                    next = null;
                }
                else if (givesWay)
                {
                    _rest = null;
                    next = _output.HasEnded ? null : _tokens.Continuation("");
                    if (next is { } rest)
                        await leases.NextAsync(rest.Input).ConfigureAwait(false);
                    else
                        cut = _output.HasEnded ? AbortCause.EndToken : AbortCause.Length;
                }
            }
        }
        finally
        {
            statistics = leases.End(_outcomes, _started);
            if (statistics is not null)
            {
                recorder.RecordPace(prepared.Model);
                prepared.Request.Trace.TurnEnded(statistics);
                recorder.Record(statistics, _outcomes[^1].End, _lastAbort, prepared.Request.Trace.Id);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Summarize(statistics!, cut);
    }

    /// <summary>Aborts a background run for another request, unless its rest is short or it has given way before. Any thread.</summary>
    private void GiveWay(EngineRun run)
    {
        TimeSpan decode = prepared.Model.Pace.DecodePerToken is { Ticks: > 0 } known ? known : UsualDecodeTime;

        // Without token ids, the rest of a character that the abort cuts would be lost. If the output ends at this moment, the aborted run is the last one.
        if (_hasGivenWay || _output.HasEnded || prepared.Prompt.Tokens is null || (prepared.Budget.MaxNewTokens - _tokens.Count) * decode <= ShortRest)
            return;
        _hasGivenWay = true;
        run.Abort(AbortCause.GivesWay);
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
                    cut = _output.HasEnded && token.TokenId >= 0 ? AbortCause.EndToken : Add(token);
                    if (cut is not null)
                        break;
                }

                prepared.Request.Trace.TokensGenerated(_tokens.Count);
                _events.Flush();
                if (cut == AbortCause.ThinkingBudget && _tokens.Continuation(_output.EndOfThinking) is { } next)
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

    /// <summary>Adds a token to the output.</summary>
    /// <returns>The cause for which the server must abort the run after this token; null if there is none.</returns>
    private AbortCause? Add(EngineToken token)
    {
        // The rest of a character at the end of a run. It is not part of the output if another run continues behind the tokens.
        if (token.TokenId < 0)
        {
            _rest = token;
            return null;
        }

        _tokens.Add(token);
        _output.Add(token, _events.Parts);
        Collect();
        if (!_output.HasEnded)
            return AbortCauseAfter(token);

        // The runtime ends the run by itself if it knows the end token. An abort would then only disturb it, so the run is aborted at the next token.
        _tokensBeforeEnd ??= _tokens.Count - 1;
        return _output.IsStopped ? AbortCause.StopSequence : null;
    }

    /// <summary>Adds the rest of a character with which the run has ended, if there is one.</summary>
    private void AddRest()
    {
        if (_rest is not { } rest)
            return;
        _rest = null;
        _tokens.AddText(rest.Text);
        _output.Add(rest, _events.Parts);
        Collect();
        _events.Flush();
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
        if (_output.IsStopped)
            return AbortCause.StopSequence;

        // Before runtime 1.3, the maximum number of tokens is set at load and cannot be lowered for a run, so the server enforces the budget.
        if (_tokens.Count == prepared.Budget.MaxNewTokens)
            return AbortCause.Length;
        if (guard?.AddAndDetectLoop(token.TokenId) == true)
            return AbortCause.Repetition;
        if (_hasEndedThinking || !_output.IsInReasoning || !(_output.ReasoningTokens >= prepared.Request.Output?.ThinkingBudget))
            return null;
        _hasEndedThinking = true;
        return AbortCause.ThinkingBudget;
    }

    private void EmitEndOfThinking()
    {
        _tokens.AddText(_output.EndOfThinking);
        _output.AddEndOfThinking(_events.Parts);
        Collect();
        _events.Flush();
    }

    private void Collect()
    {
        if (_events.Parts.Count > 0)
            _events.Collect(_tokens.Count, RateAt(Stopwatch.GetTimestamp()));
    }

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
            isStop = cut is AbortCause.StopSequence or AbortCause.EndToken || (end.Reason == RunEndReason.Stop && made <= _tokens.Count);
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

        _output.Finish(isComplete: cut is null && end.Reason == RunEndReason.Stop, isTruncated: !isStop, _events.Parts);
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
