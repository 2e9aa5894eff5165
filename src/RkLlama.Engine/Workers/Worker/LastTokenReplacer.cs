using RkLlama.Native;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>
/// Keeps the KV cache for a prompt that is in it as a whole, for example if a client wants another answer to the same question. Nothing of such a prompt is left to prefill, and some library
/// versions then generate a wrong answer. The library cannot remove the last token from the cache, but a run of one token with another token in its place does that: the runtime
/// reuses all tokens before it. After that, the prompt has one token to prefill. The two runs take much less time than the prefill of the whole prompt.
/// This is done only if the statistics of earlier runs have shown that the runtime reuses the cache. Used by the main loop of the worker only.
/// </summary>
/// <param name="cache">The contents of the model's KV cache.</param>
/// <param name="process">Processes the tokens of a prompt and generates one token: <see cref="RkllmModel.Process"/>.</param>
internal sealed class LastTokenReplacer(KvCacheTracker cache, Func<IReadOnlyList<int>, CancellationToken, IReadOnlyList<int>> process)
{
    /// <summary>The prefill of a shorter prompt takes less time than the two runs.</summary>
    internal const int MinTokens = 64;

    // A shorter common beginning proves nothing: the runtime may count some tokens of its own.
    private const int MinShared = 32;

    // Whether the runtime reuses the cache; null while that is not known. False is final.
    private bool? _isReused;

    /// <summary>If the cache contains the whole prompt, replaces the last token of the prompt in the cache. If the run fails, the contents of the cache are unknown.</summary>
    internal void TryReplace(RunInput input, CancellationToken cancellationToken)
    {
        if (_isReused != true || input.Tokens is not { Count: >= MinTokens } tokens || !cache.Holds(tokens))
            return;
        int last = tokens[^1];
        int other = tokens.FirstOrDefault(token => token != last, last);
        if (other == last)
            return;
        int[] changed = [.. tokens.SkipLast(1), other];
        try
        {
            cache.Record([.. changed, .. process(changed, cancellationToken)]);
        }
        catch (Exception ex) when (ex is RkllmException or OperationCanceledException)
        {
            _isReused = ex is OperationCanceledException;
            cache.Forget();
        }
    }

    /// <summary>Learns from a run whether the runtime reuses the cache.</summary>
    /// <param name="shared">Number of tokens at the beginning of the prompt that were in the cache.</param>
    /// <param name="statistics">The statistics of the run; <see langword="null"/> if there are none.</param>
    internal void OnEnd(RunInput input, int shared, RunStatistics? statistics)
    {
        if (shared >= MinShared && statistics is { PrefillTokens: > 0 and var prefilled } && input.Tokens is { } tokens)
            _isReused = _isReused != false && prefilled <= tokens.Count - (shared / 2);
    }
}
