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

/// <summary>The answer to one request while it is being made. Read by the request; the run belongs to the engine.</summary>
/// <param name="started">When the run was handed to the engine, in <see cref="Stopwatch"/> timestamps.</param>
/// <param name="unloaded">Cancelled when the model goes.</param>
/// <param name="maxTokens">Bound of the answer where the runtime may not keep it itself; null for none.</param>
internal sealed class Answer(Prompt prompt, EngineRun run, int? maxTokens, long started, CancellationToken unloaded)
{
    internal int PromptTokens => prompt.TokenCount;

    /// <summary>Tokens of the prompt that the runtime took from its KV cache; null where it does not say.</summary>
    internal static int? CachedTokens(Prompt prompt, GenerationEnd end) => prompt.Tokens is not null && end.Statistics is { } figures
        ? Math.Clamp(prompt.TokenCount - figures.PrefillTokens, 0, prompt.TokenCount)
        : null;

    /// <summary>
    /// The parts in order; the last one has the end. Cancelling, leaving early, and unloading the model abort the run. A failed run is an
    /// <see cref="EngineException"/>: it never looks like an answer.
    /// </summary>
    internal async IAsyncEnumerable<AnswerPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration left = cancellationToken.Register(run.Abort);
        using CancellationTokenRegistration unload = unloaded.Register(run.Abort);
        int tokens = 0;
        try
        {
            await foreach (EngineToken token in run.Tokens.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return new(token.Text, ++tokens, Rate(tokens, Stopwatch.GetTimestamp()), null);
                if (tokens == maxTokens)
                    break;
            }

            // Before 1.3 a run keeps the bound of the load, which may be more than the prompt leaves room for.
            if (tokens == maxTokens && !unloaded.IsCancellationRequested)
            {
                run.Abort();
                RunOutcome cut = await run.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (cut.End.Reason == FinishReason.Error)
                    ThrowIfFailed(cut.End);
                FinishReason reason = cut.End.Reason == FinishReason.Stop ? FinishReason.Stop : FinishReason.Length;
                yield return new("", tokens, Rate(tokens, cut.Ended), cut.End with { Reason = reason, TokenCount = tokens });
                yield break;
            }

            RunOutcome outcome = await run.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
            ThrowIfFailed(outcome.End);
            yield return new("", outcome.End.TokenCount, Rate(outcome.End.TokenCount, outcome.Ended), outcome.End);
        }
        finally
        {
            if (!run.Completion.IsCompleted)
                run.Abort();
        }
    }

    private void ThrowIfFailed(GenerationEnd end)
    {
        if (end.Reason is FinishReason.Stop or FinishReason.Length)
            return;

        throw new EngineException(unloaded.IsCancellationRequested
            ? "The model was unloaded while it answered."
            : $"The answer failed: {end.Error ?? "the run was aborted"}.");
    }

    private double Rate(int tokens, long now) => tokens / Math.Max(Stopwatch.GetElapsedTime(started, now).TotalSeconds, 1e-6);
}
