using System.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>What became of one text.</summary>
/// <param name="Vector">Of length 1.</param>
internal sealed record TextEmbedding(float[] Vector, int PromptTokens, TimeSpan Load);

/// <summary>Makes vectors of texts: the same way as an answer, without an answer. Each text has a turn of its own.</summary>
internal sealed partial class Embedder(ModelHost host, RunQueue queue, NodeMetrics metrics, ILogger<Embedder> logger)
{
    /// <param name="ledger">Where it is noted how the request fares.</param>
    /// <param name="truncates">Whether a text that is too long loses its end; otherwise it is refused.</param>
    /// <exception cref="ContextLengthException">The text does not fit into the model's context.</exception>
    /// <exception cref="NoModelException">The model was unloaded while the text waited.</exception>
    /// <exception cref="QueueFullException">Too many requests wait already, or this one waited too long.</exception>
    /// <exception cref="EngineException">The model could not be loaded, or the run failed.</exception>
    internal async Task<TextEmbedding> EmbedAsync(
        LoadedModel model, string text, bool truncates, TimeSpan? keepAlive, RequestLedger ledger, CancellationToken cancellationToken)
    {
        long arrival = Stopwatch.GetTimestamp();
        ledger.IsFor(model.Name);
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        Prompt prompt = prompts.BuildText(text);
        GenerationInput input = InputOf(prompt, model, truncates);

        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, model.Unloaded);
        RunOutcome outcome;
        long joined = Stopwatch.GetTimestamp(), turnTaken, started;
        try
        {
            using RunQueue.Turn turn = await queue.EnterAsync(model.Name, gone.Token).ConfigureAwait(false);
            turnTaken = Stopwatch.GetTimestamp();
            SessionKeeper keeper = await host.SwitchToAsync(model, gone.Token).ConfigureAwait(false);
            EngineRun run = await keeper.StartRunAsync(session => session.StartEmbedding(input, model.Entry.Modelfile.Pooling == Pooling.Mean), gone.Token).ConfigureAwait(false);
            started = Stopwatch.GetTimestamp();
            ledger.RunBegins(Stopwatch.GetElapsedTime(joined, turnTaken), Stopwatch.GetElapsedTime(turnTaken, started));
            using CancellationTokenRegistration left = gone.Token.Register(() => run.Abort(AbortCause.ClientLeft));

            // The turn ends with the run, whoever still wants its outcome.
            outcome = await run.Completion.ConfigureAwait(false);
            host.Touch(model, keepAlive);
            if (run.AbortCause is { } cause)
                metrics.RecordAbort(cause.MetricLabel());
        }
        catch (OperationCanceledException) when (model.Unloaded.IsCancellationRequested)
        {
            throw new NoModelException();
        }

        cancellationToken.ThrowIfCancellationRequested();
        int tokens = input.Tokens?.Count ?? prompt.TokenCount;

        // The end is noticed on another thread than the start, so it may seem to come first.
        long ended = Math.Max(started, outcome.Ended);
        AnswerTimings timings = new(
            Stopwatch.GetElapsedTime(joined, turnTaken),
            Stopwatch.GetElapsedTime(turnTaken, started),
            Stopwatch.GetElapsedTime(started, ended),
            TimeSpan.Zero,
            Stopwatch.GetElapsedTime(arrival, ended));
        metrics.RecordEmbedding(model.Name, tokens);
        Log.Embedded(logger, model.Name, tokens, (long)timings.Queue.TotalMilliseconds, (long)timings.Load.TotalMilliseconds, (long)timings.Prefill.TotalMilliseconds, outcome.End.Reason.ToString(), ledger.Id);
        if (outcome.Embedding is not null)
            ledger.AnswerEnds("stop", timings);
        return outcome.Embedding is { } vector
            ? new(vector, tokens, timings.Load)
            : throw new EngineException(model.Unloaded.IsCancellationRequested
                ? "The model was unloaded while it answered."
                : $"The embedding failed: {outcome.End.Error ?? "the run was aborted"}.");
    }

    private static GenerationInput InputOf(Prompt prompt, LoadedModel model, bool truncates)
    {
        int contextLength = model.Keeper?.Facts?.MaxContextLength ?? model.Engine.MaxContextLength;
        if (prompt.Tokens is not { } tokens)
            return GenerationInput.FromText(prompt.Text.Text);
        if (tokens.Count <= contextLength)
            return GenerationInput.FromTokens(tokens);
        return truncates ? GenerationInput.FromTokens([.. tokens.Take(contextLength)]) : throw new ContextLengthException(tokens.Count, contextLength, "input", least: 0);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Embedded: model {Model}, {Tokens} tokens, queue {QueueMs} ms, load {LoadMs} ms, run {RunMs} ms, {Reason}, request {RequestId}")]
        internal static partial void Embedded(ILogger logger, string model, int tokens, long queueMs, long loadMs, long runMs, string reason, string requestId);
    }
}
