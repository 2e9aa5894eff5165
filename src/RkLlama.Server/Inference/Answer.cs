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

/// <summary>The answer to one request: asked for, waiting in line, being made. Read by the request, once; the run belongs to the engine.</summary>
/// <param name="maxTokens">Bound of the answer where the runtime may not keep it itself; null for none.</param>
/// <param name="guard">Notices an answer that repeats itself; null for none.</param>
/// <param name="start">Waits in line and starts the run.</param>
internal sealed class Answer(
    LoadedModel model, Prompt prompt, int? maxTokens, RepetitionGuard? guard, Func<CancellationToken, Task<EngineRun>> start)
{
    internal int PromptTokens => prompt.TokenCount;

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
        EngineRun run = await start(cancellationToken).ConfigureAwait(false);
        long started = Stopwatch.GetTimestamp();
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
                cut = tokens == maxTokens ? AbortCause.Length : guard?.Repeats(token.TokenId) == true ? AbortCause.Repetition : null;
                if (cut is null)
                    continue;
                run.Abort(cut.Value);
                break;
            }

            RunOutcome outcome = await run.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
            GenerationEnd end = EndOf(outcome.End, cut is null ? null : tokens);
            yield return new("", end.TokenCount, Rate(end.TokenCount, started, outcome.Ended), end);
        }
        finally
        {
            if (!run.Completion.IsCompleted)
                run.Abort(AbortCause.ClientLeft);
        }
    }

    /// <param name="cutAfter">The tokens after which this answer was cut short; null when it was not.</param>
    private GenerationEnd EndOf(GenerationEnd end, int? cutAfter)
    {
        bool isUnloaded = model.Unloaded.IsCancellationRequested;
        if (cutAfter is { } tokens && !isUnloaded && end.Reason != FinishReason.Error)
            return end with { Reason = end.Reason == FinishReason.Stop ? FinishReason.Stop : FinishReason.Length, TokenCount = tokens };
        if (end.Reason is FinishReason.Stop or FinishReason.Length)
            return end;

        throw new EngineException(isUnloaded
            ? "The model was unloaded while it answered."
            : $"The answer failed: {end.Error ?? "the run was aborted"}.");
    }

    private static double Rate(int tokens, long started, long now) => tokens / Math.Max(Stopwatch.GetElapsedTime(started, now).TotalSeconds, 1e-6);
}
