using System.Collections.Concurrent;
using System.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Engine.Generation.Vectors;

/// <summary>The scores of the documents of a request.</summary>
/// <param name="Values">The score of each document, 0 to 1, in the order of the documents.</param>
/// <param name="PromptTokens">Number of tokens of all prompts.</param>
/// <param name="Cut">Number of documents whose end was cut off.</param>
internal sealed record RerankScores(double[] Values, int PromptTokens, int Cut);

/// <summary>
/// Judges how relevant documents are for a query, with a reranking model: the score of a document is the probability of the next token
/// "yes", if only "yes" and "no" are possible. Each document takes one queue slot, so that other requests run between them. The prompts of a request have the same
/// beginning, which the runtime processes once: the KV cache stays from document to document. Thread-safe.
/// </summary>
internal sealed partial class RerankService(ModelHost host, VectorRunner runner, CpuPool cpu, ILogger<RerankService> logger)
{
    // The vendor library needs memory for the logits of the whole vocabulary for each token: about 0.6 MB with the 152,000 tokens of Qwen3.
    private const int DefaultMaxTokens = 512;
    // The models whose worker has crashed or hung with a part of the prompt in the KV cache. Their prompts are processed from the beginning.
    private readonly ConcurrentDictionary<string, bool> _withoutReuse = new(StringComparer.Ordinal);

    private const string DefaultInstruction = "Given a web search query, retrieve relevant passages that answer the query";

    /// <summary>Finds the model that a request names. Does not load it.</summary>
    /// <exception cref="ModelNotFoundException">No model has this name.</exception>
    /// <exception cref="ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    internal ModelInstance Find(string model) => host.Find(model);

    /// <summary>Judges documents one after the other. Loads the model if it is not loaded.</summary>
    /// <param name="instruction">What the documents are judged for; <see langword="null"/> for the model's default.</param>
    /// <param name="maxTokens">Maximum number of tokens of a prompt; <see langword="null"/> for the model's default. A longer document is cut.</param>
    /// <exception cref="MissingCapabilityException">The model is not for reranking.</exception>
    /// <exception cref="PromptException">The model has no tokenizer, or its vocabulary does not have the tokens of the answer, or a text cannot be encoded.</exception>
    /// <exception cref="ContextLengthException">The query is longer than a prompt may be.</exception>
    /// <exception cref="FatalRequestException">A document has ended too many workers of the model.</exception>
    /// <exception cref="NoModelException">The model was unloaded before a run started.</exception>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="EngineException">The model could not be loaded, a run failed, or the model was unloaded during a run.</exception>
    internal async Task<RerankScores> RerankAsync(
        ModelInstance model, string query, IReadOnlyList<string> documents, string? instruction, int? maxTokens, RequestTrace trace, CancellationToken cancellationToken)
    {
        trace.SetModel(model.Name);
        if (model.Role != ModelRole.Reranking)
            throw new MissingCapabilityException(model.Name, RequiredCapabilities.None, "reranking: it needs RERANK=true in its Modelfile");
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        Pairs pairs = new(model, prompts, query, instruction, maxTokens);
        double[] scores = new double[documents.Count];
        int tokens = 0, cut = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < scores.Length; i++)
        {
            (RunInput input, bool isCut) = await BuildAsync(model, pairs, documents[i], cancellationToken).ConfigureAwait(false);
            float[] logits = await ScoreAsync(model, input, pairs.Answers, isFirst: i == 0, isLast: i == scores.Length - 1, trace, cancellationToken).ConfigureAwait(false);
            scores[i] = 1 / (1 + Math.Exp(logits[1] - (double)logits[0]));
            tokens += input.Tokens!.Count;
            cut += isCut ? 1 : 0;
        }

        Log.Reranked(logger, model.Name, scores.Length, tokens, cut, (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds, trace.Id);
        return new(scores, tokens, cut);
    }

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

    private async Task<(RunInput Input, bool IsCut)> BuildAsync(ModelInstance model, Pairs pairs, string document, CancellationToken cancellationToken)
    {
        try
        {
            return await cpu.RunAsync(model.Name, CpuPool.PromptTime, budget => pairs.Build(document, budget), cancellationToken).ConfigureAwait(false);
        }
        catch (PromptTooLongException ex)
        {
            throw new ContextLengthException(ex.MinTokens, pairs.MaxTokens, "query", min: 0, isLowerBound: true);
        }
    }

    /// <summary>Builds the prompts of one request.</summary>
    private sealed class Pairs
    {
        private readonly ModelInstance _model;
        private readonly PromptBuilder _prompts;
        private readonly PairTemplate _template;
        private readonly string _query;
        private readonly string _instruction;

        internal Pairs(ModelInstance model, PromptBuilder prompts, string query, string? instruction, int? maxTokens)
        {
            Modelfile file = model.Entry.Modelfile;
            (_model, _prompts, _query) = (model, prompts, query);
            _instruction = instruction ?? file.RerankInstruction ?? DefaultInstruction;
            _template = file.RerankTemplate is { } source ? new(source) : PairTemplate.Qwen3;

            // The logits of each token take about 0.6 MB, so a request can only lower the limit.
            int limit = Math.Min(model.ContextLength - 1, file.RerankTokens ?? DefaultMaxTokens);
            MaxTokens = Math.Min(limit, maxTokens ?? limit);
            Tokenizer tokenizer = prompts.Tokenizer ?? throw new PromptException("Reranking needs the tokenizer of the model.");
            Answers = [IdOf(tokenizer, file.RerankYes ?? "yes"), IdOf(tokenizer, file.RerankNo ?? "no")];
        }

        /// <summary>Maximum number of tokens of a prompt.</summary>
        internal int MaxTokens { get; }

        /// <summary>The ids of the tokens "yes" and "no".</summary>
        internal int[] Answers { get; }

        internal (RunInput Input, bool IsCut) Build(string document, CpuBudget budget)
        {
            PromptLimits limits = new(_model.ContextLength, budget) { MaxTokens = MaxTokens };
            Prompt prompt = _prompts.BuildPair(_template, _instruction, _query, document, limits, out bool isCut);
            return (PromptInput.Of(prompt, "query"), isCut);
        }

        private static int IdOf(Tokenizer tokenizer, string answer)
        {
            return tokenizer.Encode(answer) is [var id]
                ? id : throw new PromptException($"The vocabulary of the model has no token \"{answer}\", so it cannot be used for reranking.");
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
