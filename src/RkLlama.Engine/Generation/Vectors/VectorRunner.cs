using System.Diagnostics;
using RkLlama.Engine.Metrics;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;

namespace RkLlama.Engine.Generation.Vectors;

/// <summary>A run that computes a vector.</summary>
/// <param name="Start">
/// Starts the run on a session. See <see cref="ModelLease.StartRunAsync"/>. The second argument is whether the KV cache must be cleared first, because it may have
/// tokens of another client.
/// </param>
/// <param name="Tokens">Number of tokens of the input, for the metrics.</param>
/// <param name="Field">Name of the request field that contains the text, for error messages.</param>
/// <param name="Operation">Name of the operation, for error messages.</param>
internal sealed record VectorRun(RunInput Input, Func<IEngineSession, bool, EngineRun> Start, int Tokens, string Field, string Operation)
{
    /// <summary>How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</summary>
    internal TimeSpan? KeepAlive { get; init; }

    /// <summary>Whether the KV cache contains the input after the run. Otherwise it is empty.</summary>
    internal bool KeepsCache { get; init; }
}

/// <summary>Starts runs that compute a vector and generate no text: embeddings and logits. Each run takes one queue slot. Thread-safe.</summary>
internal sealed class VectorRunner(ModelHost host, ModelScheduler scheduler, NodeMetrics metrics)
{
    /// <summary>Loads the model if it is not loaded, waits for the slot, and runs.</summary>
    /// <param name="arrival">When the input arrived, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <returns>The vector, and the time to load the model.</returns>
    /// <exception cref="ContextLengthException">The runtime refused the input because it is longer than the context.</exception>
    /// <exception cref="FatalRequestException">The input has ended too many workers of the model.</exception>
    /// <exception cref="NoModelException">The model was unloaded before the run started.</exception>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="Limits.DrainingException">The server is shutting down.</exception>
    /// <exception cref="EngineException">The model could not be loaded, the run failed, or the model was unloaded during the run.</exception>
    internal async Task<(float[] Vector, TimeSpan Load)> RunAsync(
        ModelInstance model, VectorRun request, RequestTrace trace, long arrival, CancellationToken cancellationToken)
    {
        UInt128 fingerprint = RequestFingerprint.Of(request.Input, null);
        host.ThrowIfRefused(model, fingerprint);
        QueuedRequest queued = new(model.Name)
        {
            Trace = trace,
            Owner = trace.CacheOwner,
            IsBackground = trace.IsBackground,
            HasStarted = trace.Start is not null,
            Waited = trace.Waited,
        };
        using ModelLease lease = await scheduler.AcquireAsync(model, queued, request.KeepAlive, cancellationToken).ConfigureAwait(false);
        trace.Waited += lease.Waited;
        bool clearsCache = lease.ClearsCache;
        EngineRun run = await lease.StartRunAsync(session => request.Start(session, clearsCache), cancellationToken, fingerprint).ConfigureAwait(false);
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
        if (request.KeepsCache && outcome.Vector is not null)
            lease.SetKvCache(new(request.Input, request.Tokens, [], "") { Owner = trace.CacheOwner });
        cancellationToken.ThrowIfCancellationRequested();
        trace.AddPrompt(request.Tokens);
        metrics.RecordEmbedding(model.Name, request.Tokens);
        float[] vector = outcome.Vector ?? throw ErrorOf(outcome, model, request);

        // Start and end are recorded on different threads, so the end may have the earlier timestamp.
        long ended = Math.Max(lease.Started, outcome.Ended);
        trace.Completed(FinishReason.Stop, new(
            lease.QueueTime, lease.LoadTime, Stopwatch.GetElapsedTime(lease.Started, ended), TimeSpan.Zero, Stopwatch.GetElapsedTime(arrival, ended)));
        return (vector, lease.LoadTime);
    }

    private static Exception ErrorOf(RunOutcome outcome, ModelInstance model, VectorRun request)
    {
        if (outcome.RefusedPrompt is { } refused)
            return ContextLengthException.Of(refused, model.ContextLength, request.Field, min: 0);
        return new EngineException(model.Unloaded.IsCancellationRequested
            ? "The model was unloaded while it answered."
            : $"The {request.Operation} failed: {outcome.End.Error ?? "the run was aborted"}.")
        {
            Death = outcome.Death,
        };
    }
}
