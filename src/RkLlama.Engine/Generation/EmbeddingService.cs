using System.Diagnostics;
using RkLlama.Engine.Limits;
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
internal sealed class EmbeddingService(ModelHost host, ModelScheduler scheduler, CpuPool cpu, NodeMetrics metrics, ILogger<EmbeddingService> logger)
{
    /// <summary>Finds the model that a request names. Does not load it.</summary>
    /// <exception cref="ModelNotFoundException">No model has this name.</exception>
    /// <exception cref="ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    internal ModelInstance Find(string model) => host.Find(model);

    /// <summary>
    /// Prepares the embedding of several texts. Checks that none of them, except the first, is longer than the context, so that such an error arises before the
    /// first run.
    /// </summary>
    /// <param name="truncates">
    /// What to do with a text that is longer than the context: true uses the first tokens only, false throws <see cref="ContextLengthException"/>. If the
    /// runtime tokenizes the text itself, only a text that is certainly too long is an error, in both cases.
    /// </param>
    /// <param name="keepAlive">How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <exception cref="PromptException">The tokenizer cannot encode a text, or needs too much processor time.</exception>
    /// <exception cref="ContextLengthException">A text is longer than the context, and <paramref name="truncates"/> is false.</exception>
    internal async Task<EmbeddingBatch> StartAsync(
        ModelInstance model, IReadOnlyList<string> texts, bool truncates, TimeSpan? keepAlive, RequestTrace trace, CancellationToken cancellationToken)
    {
        trace.SetModel(model.Name);
        if (!truncates)
        {
            PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);

            // A token has at least one byte, and a UTF-16 unit at most three, so shorter texts fit. The first text is checked when it is embedded, before its run.
            foreach (string text in texts.Skip(1).Where(text => text.Length * 3L > model.ContextLength))
                InputOf(await BuildAsync(prompts, text, model, truncates, cancellationToken).ConfigureAwait(false), model);
        }

        return new(this, model, texts, truncates, keepAlive, trace, logger);
    }

    /// <summary>Computes the embedding of one text. Loads the model if it is not loaded.</summary>
    /// <param name="truncates">
    /// What to do with a text that is longer than the context: see <see cref="StartAsync"/>.
    /// </param>
    /// <param name="keepAlive">How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <exception cref="PromptException">The tokenizer cannot encode the text, or needs too much processor time.</exception>
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
        Prompt prompt = await BuildAsync(prompts, text, model, truncates, cancellationToken).ConfigureAwait(false);
        RunInput input = InputOf(prompt, model);

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
        if (outcome.Embedding is not { } vector)
        {
            throw new EngineException(model.Unloaded.IsCancellationRequested
                ? "The model was unloaded while it answered."
                : $"The embedding failed: {outcome.End.Error ?? "the run was aborted"}.");
        }

        trace.Completed(FinishReason.Stop, timings);
        return new(vector, tokens, timings.Load);
    }

    private async Task<Prompt> BuildAsync(PromptBuilder prompts, string text, ModelInstance model, bool truncates, CancellationToken cancellationToken)
    {
        try
        {
            return await cpu.RunAsync(
                model.Name, CpuPool.PromptTime, budget => prompts.BuildText(text, new(model.ContextLength, budget), truncates), cancellationToken).ConfigureAwait(false);
        }
        catch (PromptTooLongException ex)
        {
            throw new ContextLengthException(ex.MinTokens, model.ContextLength, "input", min: 0, isLowerBound: true);
        }
    }

    private static RunInput InputOf(Prompt prompt, ModelInstance model)
    {
        if (prompt.Tokens is not { } tokens)
            return RunInput.FromText(prompt.Text.Text);
        return tokens.Count <= model.ContextLength
            ? RunInput.FromTokens(tokens)
            : throw new ContextLengthException(tokens.Count, model.ContextLength, "input", min: 0);
    }
}
