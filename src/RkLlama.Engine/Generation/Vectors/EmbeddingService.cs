using System.Diagnostics;
using RkLlama.Engine.Limits;
using RkLlama.Engine.Models;
using RkLlama.Engine.Models.Modelfiles;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Scheduling;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Vectors;

/// <summary>The embedding of one text.</summary>
/// <param name="Vector">One value per hidden dimension, normalized to length 1.</param>
/// <param name="PromptTokens">Number of tokens of the text; an estimate if the runtime tokenizes the text itself.</param>
/// <param name="Load">Time to load the model; almost zero if it was loaded.</param>
internal sealed record TextEmbedding(float[] Vector, int PromptTokens, TimeSpan Load);

/// <summary>Computes embeddings of texts. Each text takes one queue slot. Thread-safe.</summary>
internal sealed class EmbeddingService(ModelHost host, VectorRunner runner, CpuPool cpu, ILogger<EmbeddingService> logger)
{
    // Name of the request field that contains the texts, for error messages.
    private const string Field = "input";

    // A person waits for the embedding of a question. More texts are parts of documents.
    private const int MaxForeground = 16;

    /// <summary>Finds the model that a request names. Does not load it.</summary>
    /// <exception cref="ModelNotFoundException">No model has this name.</exception>
    /// <exception cref="ModelException">The Modelfile is missing or invalid, or has no FROM.</exception>
    internal ModelInstance Find(string model) => host.Find(model);

    /// <summary>
    /// Prepares the embedding of several texts. Checks that none of them, except the first, is empty or longer than the context, so that such an error arises
    /// before the first run.
    /// </summary>
    /// <param name="truncates">
    /// What to do with a text that is longer than the context: true uses the first tokens only, false throws <see cref="ContextLengthException"/>. If the
    /// runtime tokenizes the text itself, only a text that is certainly too long is an error, in both cases.
    /// </param>
    /// <param name="keepAlive">How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <param name="skipsEmpty">Whether a text without tokens is left out of the result; otherwise it throws <see cref="EmptyPromptException"/>.</param>
    /// <param name="type">What the texts are for. Token ids stay as they are.</param>
    /// <exception cref="PromptException">The tokenizer cannot encode a text, or needs too much processor time, or a token id is not in the vocabulary.</exception>
    /// <exception cref="ContextLengthException">A text is longer than the context, and <paramref name="truncates"/> is false.</exception>
    /// <exception cref="EmptyPromptException">A text has no tokens, and <paramref name="skipsEmpty"/> is false.</exception>
    internal async Task<EmbeddingBatch> StartAsync(
        ModelInstance model,
        IReadOnlyList<TextOrTokens> texts,
        bool truncates,
        TimeSpan? keepAlive,
        RequestTrace trace,
        CancellationToken cancellationToken,
        bool skipsEmpty = false,
        EmbeddingInputType type = EmbeddingInputType.Plain)
    {
        trace.SetModel(model.Name);
        trace.IsBackground |= texts.Count > MaxForeground;
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);

        // The first text is checked when it is embedded, before its run.
        TextTemplate? template = model.Entry.Modelfile.EmbeddingTemplate(type);
        foreach (TextOrTokens text in texts.Skip(1).Where(text => NeedsCheck(text, model, truncates, template)))
        {
            Prompt prompt = await BuildAsync(prompts, text, model, truncates, template, cancellationToken).ConfigureAwait(false);
            if (!skipsEmpty)
                InputOf(prompt, model);
        }

        return new(this, model, texts, truncates, template, skipsEmpty, keepAlive, trace, logger);
    }

    /// <summary>Computes the embedding of one text. Loads the model if it is not loaded.</summary>
    /// <param name="truncates">
    /// What to do with a text that is longer than the context: see <see cref="StartAsync"/>.
    /// </param>
    /// <param name="template">What stands around the text; <see langword="null"/> for nothing.</param>
    /// <param name="keepAlive">How long the model stays loaded afterwards; <see langword="null"/> for the node's default, negative for no limit.</param>
    /// <exception cref="PromptException">The tokenizer cannot encode the text, or needs too much processor time, or a token id is not in the vocabulary.</exception>
    /// <exception cref="ContextLengthException">The text is longer than the context, and <paramref name="truncates"/> is false.</exception>
    /// <exception cref="EmptyPromptException">The text has no tokens.</exception>
    /// <exception cref="FatalRequestException">The text has ended too many workers of the model.</exception>
    /// <exception cref="NoModelException">The model was unloaded before the run started.</exception>
    /// <exception cref="QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="DrainingException">The server is shutting down.</exception>
    /// <exception cref="EngineException">The model could not be loaded, the run failed, or the model was unloaded during the run.</exception>
    internal async Task<TextEmbedding> EmbedAsync(
        ModelInstance model, TextOrTokens text, bool truncates, TextTemplate? template, TimeSpan? keepAlive, RequestTrace trace, CancellationToken cancellationToken)
    {
        long arrival = Stopwatch.GetTimestamp();
        trace.SetModel(model.Name);
        PromptBuilder prompts = await model.Prompts.WaitAsync(cancellationToken).ConfigureAwait(false);
        Prompt prompt = await BuildAsync(prompts, text, model, truncates, template, cancellationToken).ConfigureAwait(false);
        RunInput input = InputOf(prompt, model);
        int tokens = input.Tokens?.Count ?? prompt.TokenCount;
        bool isMean = model.Entry.Modelfile.Pooling == Pooling.Mean;
        VectorRun run = new(input, (session, _) => session.StartEmbedding(input, isMean), tokens, Field, "embedding") { KeepAlive = keepAlive };
        (float[] vector, TimeSpan load) = await runner.RunAsync(model, run, trace, arrival, cancellationToken).ConfigureAwait(false);
        return new(vector, tokens, load);
    }

    /// <summary>Whether a text may be refused. All other texts are certainly not empty and fit into the context, so they are encoded only once.</summary>
    private static bool NeedsCheck(TextOrTokens text, ModelInstance model, bool truncates, TextTemplate? template) =>
        text.Text is not { } given

        // A token has at least one byte, and a UTF-16 unit at most three.
        || (!truncates && (given.Length + (template?.Length ?? 0)) * 3L > model.ContextLength)
        || PromptInput.MayBeEmpty(given);

    private async Task<Prompt> BuildAsync(
        PromptBuilder prompts, TextOrTokens text, ModelInstance model, bool truncates, TextTemplate? template, CancellationToken cancellationToken)
    {
        try
        {
            return await cpu.RunAsync(model.Name, CpuPool.PromptTime, Build, cancellationToken).ConfigureAwait(false);
        }
        catch (PromptTooLongException ex)
        {
            throw new ContextLengthException(ex.MinTokens, model.ContextLength, Field, min: 0, isLowerBound: true);
        }

        Prompt Build(CpuBudget budget)
        {
            PromptLimits limits = new(model.ContextLength, budget);
            return text.Tokens is { } tokens ? prompts.BuildTokens(tokens, limits) : prompts.BuildText(text.Text!, limits, truncates, template);
        }
    }

    private static RunInput InputOf(Prompt prompt, ModelInstance model) => prompt.Tokens is not { } tokens || tokens.Count <= model.ContextLength
        ? PromptInput.Of(prompt, Field)
        : throw new ContextLengthException(tokens.Count, model.ContextLength, Field, min: 0);
}
