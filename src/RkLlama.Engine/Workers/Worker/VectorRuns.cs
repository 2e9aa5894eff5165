using RkLlama.Engine.Workers.Protocol;
using RkLlama.Native;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>Runs of the model that compute a vector and generate no text. Used by the main loop of the worker only.</summary>
/// <param name="cache">The contents of the model's KV cache.</param>
internal sealed class VectorRuns(RkllmModel model, KvCacheTracker cache)
{
    // With a part of the prompt in the cache, the runtime computes in other steps, so its logits may differ by rounding.
    private const float MaxDifference = 0.5f;

    // Whether logits are right if a part of the prompt is in the cache; null before the first such run. Not confirmed on a board (docs/board-checklist.md, 42).
    private bool? _canReuse;

    /// <summary>Computes an embedding with an empty cache.</summary>
    /// <returns>The embedding, and the number of tokens of the input.</returns>
    internal (float[] Vector, int Tokens) Embed(EmbedCommand command, CancellationToken cancellationToken)
    {
        // The runtime may return no hidden states for tokens that are in the cache.
        ClearUnlessEmpty();
        cache.Forget();
        HiddenStates states = model.Embed(command.Input, cancellationToken);
        Clear();
        return (EmbeddingVector.Of(states, command.IsMean), states.TokenCount);
    }

    /// <summary>Computes logits. The first run that reuses a part of the cache is repeated without it.</summary>
    internal float[] Score(ScoreCommand command, CancellationToken cancellationToken)
    {
        if (command.ClearsCache || _canReuse == false)
            ClearUnlessEmpty();
        bool reuses = cache.IsReusedBy(command.Input);
        if (cache.MustClearBefore(command.Input))
        {
            model.ClearKvCache();
            reuses = false;
        }

        float[] logits = model.Score(command.Input, command.Tokens, cancellationToken);
        if (reuses && _canReuse is null)
        {
            model.ClearKvCache();
            float[] exact = model.Score(command.Input, command.Tokens, cancellationToken);
            _canReuse = logits.Zip(exact).All(static pair => Math.Abs(pair.First - pair.Second) <= MaxDifference);
            if (_canReuse == false)
                Console.Error.WriteLine("W rkllama: the logits of the runtime are wrong if a part of the prompt is in the KV cache, so each document is processed from its beginning");
            logits = exact;
        }

        // Some library versions become slower with each run of this kind if the cache is never cleared.
        if (!command.KeepsCache)
            Clear();
        return logits;
    }

    private void ClearUnlessEmpty()
    {
        if (!cache.IsEmpty)
            Clear();
    }

    private void Clear()
    {
        model.ClearKvCache();
        cache.Clear();
    }
}
