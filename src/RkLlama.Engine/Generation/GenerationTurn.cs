using System.Diagnostics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation;

/// <summary>
/// One turn of a generation: one run, or several that continue the output. If the reasoning reaches the thinking budget, its run is aborted, and the next one
/// continues without reasoning. If the content violates its JSON format, its run is aborted, and the next one continues behind the corrected content. If a background run gives way to another request, its lease ends, and the next run continues on a later one. Passes the output to
/// the sink. Used by one task.
/// </summary>
/// <param name="guard">Detects repetitions in the output; <see langword="null"/> if repetitions are allowed.</param>
/// <param name="content">Holds the content to a JSON format; <see langword="null"/> if the content is not checked while it arrives.</param>
internal sealed partial class GenerationTurn(
    PreparedGeneration prepared, IGenerationSink sink, RepetitionGuard? guard, TurnRecorder recorder, ConstrainedContent? content = null)
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
    private int? _lengthBeforeEnd;
    private bool _hasEndedThinking;
    private bool _hasRestarted;
    private long _started;
    private AbortCause? _lastAbort;
    private EngineToken? _rest;

    // The correction behind which the next run continues, and the text before the first token of the current run that is still to be passed on.
    private (int Length, string Forced)? _correction;
    private string _insertedBefore = "";

    /// <summary>Runs the turn. Disposes each lease after its last run.</summary>
    /// <param name="acquire">Waits for a lease on the model of the request.</param>
    /// <exception cref="EngineException">A run failed, or the model was unloaded during a run.</exception>
    /// <exception cref="NoModelException">The model was unloaded before the run started.</exception>
    internal async Task<GenerationSummary> RunAsync(Func<QueuedRequest, Task<ModelLease>> acquire, CancellationToken cancellationToken)
    {
        (RunInput Input, RunParameters Parameters)? next = Start() ?? (prepared.Input, new(prepared.Request.Sampling, prepared.Budget.MaxNewTokens));
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
                endsThinking = next is not null && _correction is null;
                RunOutcome outcome = await EndOfAsync(active).ConfigureAwait(false);
                _outcomes.Add(outcome);
                if (outcome.End.Reason is RunEndReason.Stop or RunEndReason.Length || (outcome.End.Reason == RunEndReason.Cancelled && outcome.FirstToken is not null))
                    lease.SetKvCache(_tokens.CacheAfter(run.Input));
                bool givesWay = _lastAbort == AbortCause.GivesWay && cut is null && !endsThinking && _correction is null && HasGivenWay(outcome);
                if (!givesWay && _correction is null)
                    AddRest();
                if (outcome.End.Reason != RunEndReason.Error)
                    PassInserted();
                bool hasModelEnded = cut == AbortCause.EndToken || (cut is null && !givesWay && outcome.End.Reason == RunEndReason.Stop);
                if (_correction is null && hasModelEnded && content is { IsComplete: false } && !_output.IsStopped)
                    cut = (_correction = content.Correct(hasModelEnded: true)) is null ? AbortCause.Correction : null;
                if (endsThinking)
                    _tokens.Insert(_output.EndOfThinking);
                if (cancellationToken.IsCancellationRequested || prepared.Model.Unloaded.IsCancellationRequested || (outcome.End.Reason == RunEndReason.Error && !givesWay))
                {
                    next = null;
                }
                else if (_correction is { } correction)
                {
                    (cut, next) = Continue(correction);
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

    /// <summary>Aborts a background run for another request, unless its rest is short. Any thread.</summary>
    private void GiveWay(EngineRun run)
    {
        TimeSpan decode = prepared.Model.Pace.DecodePerToken is { Ticks: > 0 } known ? known : UsualDecodeTime;

        // Without token ids, the rest of a character that the abort cuts would be lost. If the output ends at this moment, the aborted run is the last one.
        if (_output.HasEnded || prepared.Prompt.Tokens is null || (prepared.Budget.MaxNewTokens - _tokens.Count) * decode <= ShortRest)
            return;
        run.Abort(AbortCause.GivesWay);
    }

    /// <summary>
    /// Whether the turn can continue later after a run that was aborted for another request. If the worker ignored the abort, it was killed. This is not the fault of the
    /// request, so the turn continues, but only once.
    /// </summary>
    private bool HasGivenWay(RunOutcome outcome)
    {
        if (outcome.End.Reason == RunEndReason.Cancelled)
            return true;
        if (_hasRestarted || outcome is not { End.Reason: RunEndReason.Error, Death: not null })
            return false;
        _hasRestarted = true;
        return true;
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

                if (cut == AbortCause.Correction && _tokens.Continuation("") is { } corrected && (_correction = content!.Correct(hasModelEnded: false)) is not null)
                {
                    run.Abort(AbortCause.Correction);
                    return (null, corrected);
                }

                // The run has ended before the abort, so nothing was cut.
                if (cut == AbortCause.ThinkingBudget && run.Completion.IsCompleted)
                    cut = null;

                // The content is not complete: another run continues it.
                if (cut == AbortCause.EndToken && content is { IsComplete: false } && !_output.IsStopped)
                {
                    run.Abort(AbortCause.EndToken);
                    return (cut, null);
                }

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

        PassInserted();
        _tokens.Add(token);
        _output.Add(token, _events.Parts);
        content?.Apply(_events.Parts);
        Collect();
        if (!_output.HasEnded)
            return AbortCauseAfter(token);

        // The runtime ends the run by itself if it knows the end token. An abort would then only disturb it, so the run is aborted at the next token.
        _tokensBeforeEnd ??= _tokens.Count - 1;
        _lengthBeforeEnd ??= _tokens.Length - 1;
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
        content?.Apply(_events.Parts);
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
        if (content?.AbortCause is { } cause)
            return cause;

        // Before runtime 1.3, the maximum number of tokens is set at load and cannot be lowered for a run, so the server enforces the budget.
        if (_tokens.Length >= prepared.Budget.MaxNewTokens)
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
        _output.AddEndOfThinking(_events.Parts);
        content?.Apply(_events.Parts);
        Collect();
        _events.Flush();
    }

    private void Collect()
    {
        if (_events.Parts.Count > 0)
            _events.Collect(_tokens.Count, RateAt(Stopwatch.GetTimestamp()));
    }
}
