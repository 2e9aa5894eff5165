using System.Diagnostics;
using System.Runtime.CompilerServices;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Server.Inference;

/// <summary>A part of the answer: text with the running figures, or, once and last, how it ended.</summary>
/// <param name="Text">Possibly empty: a character may need several tokens.</param>
/// <param name="Tokens">Tokens of the answer so far.</param>
/// <param name="TokensPerSecond">Tokens so far by the time since the run began, prefill included.</param>
/// <param name="End">Only in the last part.</param>
internal readonly record struct AnswerPart(string Text, int Tokens, double TokensPerSecond, GenerationEnd? End);

/// <summary>A run that has its turn.</summary>
/// <param name="TurnTaken">When its wait in line ended, in <see cref="Stopwatch"/> timestamps.</param>
/// <param name="Started">When the runtime got it; what lies between is the load of its model.</param>
internal sealed record StartedRun(EngineRun Run, long TurnTaken, long Started);

/// <summary>Where the time of an answer went.</summary>
internal sealed record AnswerTimings(TimeSpan Queue, TimeSpan Load, TimeSpan Prefill, TimeSpan Decode, TimeSpan Total);

/// <summary>The answer to one request: asked for, waiting in line, being made. Read by the request, once; the run belongs to the engine.</summary>
/// <param name="maxTokens">Bound of the answer where the runtime may not keep it itself; null for none.</param>
/// <param name="guard">Notices an answer that repeats itself; null for none.</param>
/// <param name="arrival">When the request came, in <see cref="Stopwatch"/> timestamps.</param>
/// <param name="start">Waits in line and starts the run.</param>
internal sealed class Answer(
    LoadedModel model, Prompt prompt, int? maxTokens, RepetitionGuard? guard, long arrival, Func<CancellationToken, Task<StartedRun>> start)
{
    private bool _isStopped;

    internal LoadedModel Model => model;

    internal int PromptTokens => prompt.TokenCount;

    /// <summary>The end of the prompt, which may have begun the answer already.</summary>
    internal string PromptText => prompt.Text.Text;

    /// <summary>Known with the last part.</summary>
    internal AnswerTimings? Timings { get; private set; }

    /// <summary>Tokens of the prompt that the runtime took from its KV cache; null where it does not say.</summary>
    internal int? CachedTokensOf(GenerationEnd end) => CachedTokens(prompt, end);

    /// <summary>Ends the answer after the part that has just been read: it has come to a stop sequence. For the reader, between two parts.</summary>
    internal void Stop() => _isStopped = true;

    /// <summary>Tokens of the prompt that the runtime took from its KV cache; null where it does not say.</summary>
    internal static int? CachedTokens(Prompt prompt, GenerationEnd end) => prompt.Tokens is not null && end.Statistics is { } figures
        ? Math.Clamp(prompt.TokenCount - figures.PrefillTokens, 0, prompt.TokenCount)
        : null;

    /// <summary>
    /// The parts in order; the last one has the end. Cancelling, leaving early, and unloading the model abort the run. A failed run is an
    /// <see cref="EngineException"/>: it never looks like an answer. What waiting in line may throw comes before the first part.
    /// </summary>
    internal async IAsyncEnumerable<AnswerPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (EngineRun run, long turnTaken, long started) = await start(cancellationToken).ConfigureAwait(false);
        using CancellationTokenRegistration left = cancellationToken.Register(() => run.Abort(AbortCause.ClientLeft));
        using CancellationTokenRegistration unload = model.Unloaded.Register(() => run.Abort(AbortCause.Unloaded));
        int tokens = 0;
        AbortCause? cut = null;
        try
        {
            await foreach (EngineToken token in run.Tokens.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return new(token.Text, ++tokens, Rate(tokens, started, Stopwatch.GetTimestamp()), null);

                // Before 1.3 a run keeps the bound of the load, which may be more than the prompt leaves room for.
                cut = _isStopped ? AbortCause.StopSequence
                    : tokens == maxTokens ? AbortCause.Length
                    : guard?.Repeats(token.TokenId) == true ? AbortCause.Repetition
                    : null;
                if (cut is null)
                    continue;
                run.Abort(cut.Value);
                break;
            }

            RunOutcome outcome = await run.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
            GenerationEnd end = EndOf(outcome.End, cut, tokens);
            Timings = TimingsOf(outcome, turnTaken, started);
            yield return new("", end.TokenCount, Rate(end.TokenCount, started, outcome.Ended), end);
        }
        finally
        {
            if (!run.Completion.IsCompleted)
                run.Abort(AbortCause.ClientLeft);
        }
    }

    /// <param name="cut">Why the answer was cut short, after so many tokens; null when it was not.</param>
    private GenerationEnd EndOf(GenerationEnd end, AbortCause? cut, int tokens)
    {
        bool isUnloaded = model.Unloaded.IsCancellationRequested;
        if (cut is not null && !isUnloaded && end.Reason != FinishReason.Error)
        {
            // A run may have ended before the abort came; whether the answer is whole is a matter of what was left out of it.
            bool isWhole = cut == AbortCause.StopSequence || (end.Reason == FinishReason.Stop && end.TokenCount <= tokens);
            return end with { Reason = isWhole ? FinishReason.Stop : FinishReason.Length, TokenCount = tokens };
        }

        if (end.Reason is FinishReason.Stop or FinishReason.Length)
            return end;

        throw new EngineException(isUnloaded
            ? "The model was unloaded while it answered."
            : $"The answer failed: {end.Error ?? "the run was aborted"}.");
    }

    /// <summary>By the runtime's own figures where it has them.</summary>
    private AnswerTimings TimingsOf(RunOutcome outcome, long turnTaken, long started)
    {
        long first = outcome.FirstToken ?? outcome.Ended;
        RunStatistics? own = outcome.End.Statistics;
        return new(
            Stopwatch.GetElapsedTime(arrival, turnTaken),
            Stopwatch.GetElapsedTime(turnTaken, started),
            own is { PrefillMs: > 0 } ? TimeSpan.FromMilliseconds(own.PrefillMs) : Stopwatch.GetElapsedTime(started, first),
            own is { DecodeMs: > 0 } ? TimeSpan.FromMilliseconds(own.DecodeMs) : Stopwatch.GetElapsedTime(first, outcome.Ended),
            Stopwatch.GetElapsedTime(arrival, outcome.Ended));
    }

    private static double Rate(int tokens, long started, long now) => tokens / Math.Max(Stopwatch.GetElapsedTime(started, now).TotalSeconds, 1e-6);
}
