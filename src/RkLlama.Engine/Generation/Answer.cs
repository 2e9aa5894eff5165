using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>A part of the answer: text with the running figures, or, once and last, how it ended.</summary>
/// <param name="Text">Possibly empty: a character may need several tokens. Not by a token where the server itself has closed the model's thoughts.</param>
/// <param name="Tokens">Tokens of the answer so far.</param>
/// <param name="TokensPerSecond">Tokens so far by the time since the run began, prefill included.</param>
/// <param name="End">Only in the last part.</param>
internal readonly record struct AnswerPart(string Text, int Tokens, double TokensPerSecond, GenerationEnd? End);

/// <summary>The answer to one request: asked for, waiting in line, being made. Read by the request, once; the run belongs to the engine.</summary>
/// <param name="maxTokens">Bound of the answer where the runtime may not keep it itself; null for none.</param>
/// <param name="guard">Notices an answer that repeats itself; null for none.</param>
/// <param name="arrival">When the request came, in <see cref="Stopwatch"/> timestamps.</param>
/// <param name="start">Waits in line and starts the run.</param>
/// <param name="ledger">Where it is noted how the request fares.</param>
/// <param name="resume">
/// Makes what to run to go on behind these tokens of the answer, this text of theirs, and a text of the server's; null where that cannot be had.
/// </param>
internal sealed class Answer(
    LoadedModel model,
    Prompt prompt,
    int? maxTokens,
    RepetitionGuard? guard,
    long arrival,
    Func<CancellationToken, Task<StartedRun>> start,
    RequestLedger? ledger,
    Func<IReadOnlyList<int>, string, string, (GenerationInput Input, RunParameters Parameters)?> resume)
{
    // The answer so far, for a run that goes on behind it. Touched by the reader only.
    private readonly List<int> _tokenIds = [];
    private readonly StringBuilder _text = new();
    private bool _isStopped;
    private string? _closing;

    internal LoadedModel Model => model;

    internal RequestLedger? Ledger => ledger;

    internal int PromptTokens => prompt.TokenCount;

    /// <summary>The end of the prompt, which may have begun the answer already.</summary>
    internal string PromptText => prompt.Text.Text;

    /// <summary>Known with the last part.</summary>
    internal AnswerTimings? Timings { get; private set; }

    /// <summary>Tokens of the prompt that the runtime took from its KV cache; null where it does not say. Known with the last part.</summary>
    internal int? CachedTokens { get; private set; }

    /// <summary>Ends the answer after the part that has just been read: it has come to a stop sequence. For the reader, between two parts.</summary>
    internal void Stop() => _isStopped = true;

    /// <summary>
    /// Has the model go on behind what it has said so far and this text, which is then the next part; ends the answer where the model cannot.
    /// For the reader, between two parts.
    /// </summary>
    internal void GoOnBehind(string text) => _closing = text;

    /// <summary>Tokens of the prompt that the runtime took from its KV cache; null where it does not say.</summary>
    internal static int? CachedTokensOf(Prompt prompt, GenerationEnd end) => prompt.Tokens is not null && end.Statistics is { } figures
        ? Math.Clamp(prompt.TokenCount - figures.PrefillTokens, 0, prompt.TokenCount)
        : null;

    /// <summary>
    /// The parts in order; the last one has the end. Cancelling, leaving early, and unloading the model abort the run. A failed run is an
    /// <see cref="EngineException"/>: it never looks like an answer. What waiting in line may throw comes before the first part.
    /// </summary>
    internal async IAsyncEnumerable<AnswerPart> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StartedRun started = await start(cancellationToken).ConfigureAwait(false);
        ledger?.RunBegins(started.Queue, started.Load);
        using CancellationTokenRegistration left = cancellationToken.Register(() => started.Abort(AbortCause.ClientLeft));
        using CancellationTokenRegistration unload = model.Unloaded.Register(() => started.Abort(AbortCause.Unloaded));
        EngineRun? run = started.First;
        Task<EngineRun>? next = null;
        List<RunOutcome> outcomes = [];
        int tokens = 0, tokensBefore = 0;
        AbortCause? cut = null;
        try
        {
            while (true)
            {
                next = null;
                string closing = "";
                await foreach (EngineToken token in run.ReadTokensAsync(cancellationToken).ConfigureAwait(false))
                {
                    _tokenIds.Add(token.TokenId);
                    _text.Append(token.Text);
                    yield return new(token.Text, ++tokens, Rate(tokens, started.Started, Stopwatch.GetTimestamp()), null);

                    // Before 1.3 a run keeps the bound of the load, which may be more than the prompt leaves room for.
                    cut = _isStopped ? AbortCause.StopSequence
                        : tokens == maxTokens ? AbortCause.Length
                        : guard?.Repeats(token.TokenId) == true ? AbortCause.Repetition
                        : null;
                    if (cut is null && _closing is { } text)
                    {
                        (_closing, closing) = (null, text);
                        bool canGoOn = resume(_tokenIds, _text.ToString(), text) is { } input && (next = started.TryContinue(input.Input, input.Parameters)) is not null;
                        if (!canGoOn && !run.Completion.IsCompleted)
                            cut = AbortCause.ThinkingBudget;
                    }

                    if (next is not null)
                        break;
                    if (cut is null)
                        continue;
                    started.Abort(cut.Value);
                    break;
                }

                outcomes.Add(await run.Completion.WaitAsync(cancellationToken).ConfigureAwait(false));
                if (next is null)
                    break;

                run = null;
                tokensBefore = tokens;
                run = await next.WaitAsync(cancellationToken).ConfigureAwait(false);
                _text.Append(closing);
                yield return new(closing, tokens, Rate(tokens, started.Started, Stopwatch.GetTimestamp()), null);
            }

            GenerationEnd end = EndOf(outcomes[^1].End, cut, tokens, tokensBefore);
            CachedTokens = CachedTokensOf(prompt, outcomes[0].End);
            Timings = AnswerTimings.Of(outcomes, started, arrival);
            ledger?.AnswerEnds(end.Reason == FinishReason.Length ? "length" : "stop", Timings);
            yield return new("", end.TokenCount, Rate(end.TokenCount, started.Started, outcomes[^1].Ended), end);
        }
        finally
        {
            // The first run may be over while the one that is to follow it has not begun: whoever leaves then has no run to point at.
            if (next is not null || run?.Completion.IsCompleted != true)
                started.Abort(AbortCause.ClientLeft);
        }
    }

    /// <param name="end">Of the last run; it does not count the end-of-text token, which is read like any other.</param>
    /// <param name="cut">Why the answer was cut short, after so many tokens; null when it was not.</param>
    /// <param name="tokensBefore">Those of the runs before the last one.</param>
    private GenerationEnd EndOf(GenerationEnd end, AbortCause? cut, int tokens, int tokensBefore)
    {
        bool isUnloaded = model.Unloaded.IsCancellationRequested;
        int made = tokensBefore + end.TokenCount;
        if (cut is not null && !isUnloaded && end.Reason != FinishReason.Error)
        {
            // A run may end before it hears of the abort: then it counts whether it had more to say.
            bool isWhole = end.Reason == FinishReason.Stop && made <= tokens;
            return end with { Reason = cut == AbortCause.StopSequence || isWhole ? FinishReason.Stop : FinishReason.Length, TokenCount = Math.Min(tokens, made) };
        }

        if (end.Reason is FinishReason.Stop or FinishReason.Length)
            return end with { TokenCount = made };

        throw new EngineException(isUnloaded
            ? "The model was unloaded while it answered."
            : $"The answer failed: {end.Error ?? "the run was aborted"}.");
    }

    private static double Rate(int tokens, long started, long now) => tokens / Math.Max(Stopwatch.GetElapsedTime(started, now).TotalSeconds, 1e-6);
}
