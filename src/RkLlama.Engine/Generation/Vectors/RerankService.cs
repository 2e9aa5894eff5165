using System.Collections.Concurrent;
using System.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Vectors;

/// <summary>The scores of the documents of a request.</summary>
/// <param name="Differences">The logit of "yes" without that of "no", for each document, in the order of the documents.</param>
/// <param name="PromptTokens">Number of tokens of all prompts.</param>
/// <param name="Cut">Number of documents whose end was cut off.</param>
internal sealed record RerankScores(double[] Differences, int PromptTokens, int Cut)
{
    /// <summary>The score of each document, 0 to 1, in the order of the documents.</summary>
    internal double[] Values { get; } = [.. Differences.Select(static difference => 1 / (1 + Math.Exp(-difference)))];
}

/// <summary>
/// Judges how relevant documents are for a query, with a reranking model: the score of a document is the probability of the next token
/// "yes", if only "yes" and "no" are possible. Each document takes one queue slot, so that other requests run between them. The prompts of a request have the same
/// beginning, which the runtime processes once: the KV cache stays from document to document. Thread-safe.
/// </summary>
internal sealed partial class RerankService(ModelHost host, ModelCatalog catalog, VectorRunner runner, CpuPool cpu, ILogger<RerankService> logger)
{
    // The first version of the vendor library that returns logits.
    private static readonly Version FirstWithLogits = new(1, 2, 0);

    // The models whose worker has crashed or hung with a part of the prompt in the KV cache. Their prompts are processed from the beginning.
    private readonly ConcurrentDictionary<string, bool> _withoutReuse = new(StringComparer.Ordinal);

    /// <summary>Finds the model that a request names. Does not load it.</summary>
    /// <exception cref="ModelNotFoundException">No model has this name.</exception>
    /// <exception cref="ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    internal ModelInstance Find(string model) => host.Find(model);

    /// <summary>Finds the model for a request that names none: the most recently used reranking model in memory, else the only one of the node.</summary>
    /// <exception cref="NoModelException">There is none, or there are several and none is in memory.</exception>
    internal ModelInstance FindDefault()
    {
        if (host.Residents.LastOrDefault(static resident => resident.Model.Role == ModelRole.Reranking) is { } resident)
            return resident.Model;
        string[] names = [.. catalog.Describe().Where(static model => model.Modelfile is { } file && ModelRoles.Of(model.Name, file) == ModelRole.Reranking).Select(static model => model.Name)];
        return names switch
        {
            [var only] => host.Find(only),
            [] => throw new NoModelException("model is missing, and the node has no reranking model. Its Modelfile needs RERANK=true."),
            _ => throw new NoModelException($"model is missing, and no reranking model is in memory: name one of {string.Join(", ", names)}."),
        };
    }

    /// <summary>Judges documents one after the other. Loads the model if it is not loaded.</summary>
    /// <exception cref="MissingCapabilityException">The model is not for reranking, or the vendor library returns no logits.</exception>
    /// <exception cref="PromptException">The model has no tokenizer, or its vocabulary does not have the tokens of the answer, or a text cannot be encoded.</exception>
    /// <exception cref="ContextLengthException">The query is longer than a prompt may be, or a document is too long and is not cut.</exception>
    /// <exception cref="FatalRequestException">A document has ended too many workers of the model.</exception>
    /// <exception cref="NoModelException">The model was unloaded before a run started.</exception>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="EngineException">The model could not be loaded, a run failed, or the model was unloaded during a run.</exception>
    internal async Task<RerankScores> RerankAsync(ModelInstance model, RerankInput request, RequestTrace trace, CancellationToken cancellationToken)
    {
        trace.SetModel(model.Name);
        if (model.Role != ModelRole.Reranking)
            throw new MissingCapabilityException(model.Name, RequiredCapabilities.None, "reranking: it needs RERANK=true in its Modelfile");

        // Before the load, which would evict a model in vain. If no model is in memory, the version is not known, and there is nothing to evict.
        if (host.Residents.Select(static resident => resident.Model.Facts?.RuntimeVersion).FirstOrDefault(IsTooOld) is { } version)
            throw new MissingCapabilityException(model.Name, RequiredCapabilities.None, $"reranking: it needs version {FirstWithLogits} or later of the vendor library, and the node has {version}");
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        RerankPrompts pairs = new(model, prompts, request);

        // A document that is refused is refused before the first run.
        for (int i = 0; i < request.Documents.Count && !request.Truncates; i++)
            await BuildAsync(i).ConfigureAwait(false);
        double[] differences = new double[request.Documents.Count];
        int tokens = 0, cut = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < differences.Length; i++)
        {
            (RunInput input, bool isCut) = await BuildAsync(i).ConfigureAwait(false);
            float[] logits = await ScoreAsync(model, input, pairs.Answers, isFirst: i == 0, isLast: i == differences.Length - 1, trace, cancellationToken).ConfigureAwait(false);
            differences[i] = logits[0] - (double)logits[1];
            tokens += input.Tokens!.Count;
            cut += isCut ? 1 : 0;
        }

        Log.Reranked(logger, model.Name, differences.Length, tokens, cut, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds, trace.Id);
        return new(differences, tokens, cut);

        Task<(RunInput Input, bool IsCut)> BuildAsync(int index) => cpu.RunAsync(model.Name, CpuPool.PromptTime, budget => pairs.Build(index, budget), cancellationToken);
    }

    private static bool IsTooOld(string? runtime) => Version.TryParse(runtime, out Version? version) && version < FirstWithLogits;

    /// <summary>
    /// Computes the logits of the answers. If the worker dies in a run that may reuse the KV cache of the previous document, repeats the run with an empty cache.
    /// </summary>
    private async Task<float[]> ScoreAsync(
        ModelInstance model, RunInput input, int[] answers, bool isFirst, bool isLast, RequestTrace trace, CancellationToken cancellationToken)
    {
        bool mayReuse = !_withoutReuse.ContainsKey(model.Name);
        try
        {
            return await RunAsync(clears: isFirst || !mayReuse, keeps: mayReuse && !isLast).ConfigureAwait(false);
        }
        catch (EngineException ex) when (mayReuse && !isFirst && ex.Death is WorkerDeath.Crash or WorkerDeath.Hang)
        {
            if (_withoutReuse.TryAdd(model.Name, true))
                Log.ReuseEnded(logger, model.Name);
            return await RunAsync(clears: true, keeps: false).ConfigureAwait(false);
        }

        async Task<float[]> RunAsync(bool clears, bool keeps)
        {
            VectorRun run = new(input, (session, mustClear) => session.StartScoring(input, answers, clears || mustClear, keeps), input.Tokens!.Count, "query", "reranking")
            {
                KeepsCache = keeps,
            };
            return (await runner.RunAsync(model, run, trace, Stopwatch.GetTimestamp(), cancellationToken).ConfigureAwait(false)).Vector;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Reranked: model {Model}, {Count} documents, {Tokens} tokens, {Cut} documents cut, {Ms} ms, request {RequestId}")]
        internal static partial void Reranked(ILogger logger, string model, int count, int tokens, int cut, long ms, string requestId);

        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Model {Model}: its worker died while the beginning of a prompt was in the KV cache. Until the server restarts, each document is processed from its beginning")]
        internal static partial void ReuseEnded(ILogger logger, string model);
    }
}
