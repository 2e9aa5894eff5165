using System.Runtime.CompilerServices;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Vectors;

/// <summary>
/// The texts of one request for embeddings. They are embedded one after the other while the caller reads the vectors, so that the memory of a request does not
/// grow with the number of its texts. Used by one task.
/// </summary>
internal sealed partial class EmbeddingBatch(
    EmbeddingService service, ModelInstance model, IReadOnlyList<TextOrTokens> texts, bool truncates, TextTemplate? template, bool skipsEmpty, TimeSpan? keepAlive, RequestTrace trace, ILogger logger)
{
    /// <summary>Number of tokens of the texts that are embedded so far; an estimate if the runtime tokenizes the texts itself.</summary>
    internal int PromptTokens { get; private set; }

    /// <summary>Time to load the model; almost zero if it was loaded.</summary>
    internal TimeSpan Load { get; private set; }

    /// <summary>Embeds the texts. Logs one line after the last text, or when the caller stops reading.</summary>
    /// <returns>The vectors, in the order of the texts. If the batch skips empty texts, these have no vector.</returns>
    /// <exception cref="PromptException">The tokenizer cannot encode a text, or needs too much processor time.</exception>
    /// <exception cref="ContextLengthException">A text is longer than the context, and the batch does not truncate texts.</exception>
    /// <exception cref="EmptyPromptException">A text has no tokens, and the batch does not skip such texts.</exception>
    /// <exception cref="FatalRequestException">A text has ended too many workers of the model.</exception>
    /// <exception cref="NoModelException">The model was unloaded before a run started.</exception>
    /// <exception cref="Scheduling.QueueFullException">The queue is full, or the request waited too long.</exception>
    /// <exception cref="Limits.DrainingException">The server is shutting down.</exception>
    /// <exception cref="Workers.EngineException">The model could not be loaded, a run failed, or the model was unloaded during a run.</exception>
    internal async IAsyncEnumerable<float[]> EmbedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int count = 0;
        try
        {
            foreach (TextOrTokens text in texts)
            {
                if (await EmbedAsync(text, cancellationToken).ConfigureAwait(false) is not { } one)
                    continue;
                count++;
                PromptTokens += one.PromptTokens;
                Load += one.Load;
                yield return one.Vector;
            }
        }
        finally
        {
            if (count > 0 && trace.Timings is { } timings)
            {
                Log.Embedded(
                    logger,
                    model.Name,
                    count,
                    texts.Count,
                    PromptTokens,
                    (long)timings.Queue.TotalMilliseconds,
                    (long)timings.Load.TotalMilliseconds,
                    (long)timings.Prefill.TotalMilliseconds,
                    trace.Id);
            }
        }
    }

    private async Task<TextEmbedding?> EmbedAsync(TextOrTokens text, CancellationToken cancellationToken)
    {
        try
        {
            return await service.EmbedAsync(model, text, truncates, template, keepAlive, trace, cancellationToken).ConfigureAwait(false);
        }
        catch (EmptyPromptException) when (skipsEmpty)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Embedded: model {Model}, {Count} of {Texts} texts, {Tokens} tokens, queue {QueueMs} ms, load {LoadMs} ms, run {RunMs} ms, request {RequestId}")]
        internal static partial void Embedded(ILogger logger, string model, int count, int texts, int tokens, long queueMs, long loadMs, long runMs, string requestId);
    }
}
