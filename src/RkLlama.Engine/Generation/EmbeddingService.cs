using System.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>The embedding of one text.</summary>
/// <param name="Vector">One value per hidden dimension, normalized to length 1.</param>
/// <param name="PromptTokens">Number of tokens of the text; an estimate if the runtime tokenizes the text itself.</param>
/// <param name="Load">Time to load the model; almost zero if it was loaded.</param>
internal sealed record TextEmbedding(float[] Vector, int PromptTokens, TimeSpan Load);

/// <summary>Computes embeddings of texts. Each text takes one queue slot. Thread-safe.</summary>
internal sealed partial class EmbeddingService(ModelHost host, ModelScheduler scheduler, NodeMetrics metrics, ILogger<EmbeddingService> logger)
{
    /// <summary>Finds the model that a request names. Does not load it.</summary>
    /// <exception cref="ModelNotFoundException">No model has this name.</exception>
    /// <exception cref="ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    internal ModelInstance Find(string model) => host.Find(model);

    /// <summary>Computes the embedding of one text. Loads the model if it is not loaded.</summary>
    /// <param name="truncates">
    /// What to do with a text that is longer than the context: true uses the first tokens only, false throws <see cref="ContextLengthException"/>. Ignored if
    /// the runtime tokenizes the text itself.
    /// </param>
    /// <param name="keepAlive">How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <exception cref="PromptException">The tokenizer cannot encode the text.</exception>
    /// <exception cref="ContextLengthException">The text is longer than the context, and <paramref name="truncates"/> is false.</exception>
    /// <exception cref="NoModelException">The model was unloaded before the run started.</exception>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="EngineException">The model could not be loaded, the run failed, or the model was unloaded during the run.</exception>
    internal async Task<TextEmbedding> EmbedAsync(
        ModelInstance model, string text, bool truncates, TimeSpan? keepAlive, RequestTrace trace, CancellationToken cancellationToken)
    {
        long arrival = Stopwatch.GetTimestamp();
        trace.SetModel(model.Name);
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        Prompt prompt = prompts.BuildText(text);
        RunInput input = InputOf(prompt, model, truncates);

        using ModelLease lease = await scheduler.AcquireAsync(model, isRetry: false, keepAlive, cancellationToken).ConfigureAwait(false);
        EngineRun run = await lease.StartRunAsync(
            session => session.StartEmbedding(input, model.Entry.Modelfile.Pooling == Pooling.Mean), cancellationToken).ConfigureAwait(false);
        trace.RunStarted(lease.QueueTime, lease.LoadTime);
        RunOutcome outcome;
        using (cancellationToken.Register(() => lease.Abort(AbortCause.ClientDisconnected)))
        using (model.Unloaded.Register(() => lease.Abort(AbortCause.Unloaded)))
        {
            // Waits for the end of the run even if the client has disconnected, because the NPU is busy until then.
            outcome = await run.Completion.ConfigureAwait(false);
        }

        if (run.AbortCause is { } cause)
            metrics.RecordAbort(cause.MetricLabel());
        cancellationToken.ThrowIfCancellationRequested();
        int tokens = input.Tokens?.Count ?? prompt.TokenCount;

        // Start and end are recorded on different threads, so the end may have the earlier timestamp.
        long ended = Math.Max(lease.Started, outcome.Ended);
        GenerationTimings timings = new(
            lease.QueueTime, lease.LoadTime, Stopwatch.GetElapsedTime(lease.Started, ended), TimeSpan.Zero, Stopwatch.GetElapsedTime(arrival, ended));
        metrics.RecordEmbedding(model.Name, tokens);
        Log.Embedded(
            logger,
            model.Name,
            tokens,
            (long)timings.Queue.TotalMilliseconds,
            (long)timings.Load.TotalMilliseconds,
            (long)timings.Prefill.TotalMilliseconds,
            outcome.End.Reason.ToString(),
            trace.Id);
        if (outcome.Embedding is not { } vector)
        {
            throw new EngineException(model.Unloaded.IsCancellationRequested
                ? "The model was unloaded while it answered."
                : $"The embedding failed: {outcome.End.Error ?? "the run was aborted"}.");
        }

        trace.Completed(FinishReason.Stop, timings);
        return new(vector, tokens, timings.Load);
    }

    private static RunInput InputOf(Prompt prompt, ModelInstance model, bool truncates)
    {
        int contextLength = model.ContextLength;
        if (prompt.Tokens is not { } tokens)
            return RunInput.FromText(prompt.Text.Text);
        if (tokens.Count <= contextLength)
            return RunInput.FromTokens(tokens);
        return truncates ? RunInput.FromTokens([.. tokens.Take(contextLength)]) : throw new ContextLengthException(tokens.Count, contextLength, "input", min: 0);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Embedded: model {Model}, {Tokens} tokens, queue {QueueMs} ms, load {LoadMs} ms, run {RunMs} ms, {Reason}, request {RequestId}")]
        internal static partial void Embedded(ILogger logger, string model, int tokens, long queueMs, long loadMs, long runMs, string reason, string requestId);
    }
}
