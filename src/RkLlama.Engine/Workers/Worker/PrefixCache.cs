using RkLlama.Native;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>
/// What the runtime's KV cache holds: the last run's prompt and answer. The runtime takes over the longest common beginning by itself; a
/// prompt of which all is in the cache already leaves it nothing to process, and some versions then answer from stale results. Owned by
/// the worker's main loop.
/// </summary>
/// <param name="isReused">False: each run starts with an empty cache (the Modelfile's REUSE_KV_CACHE).</param>
internal sealed class PrefixCache(bool isReused)
{
    private readonly List<int> _tokens = [];
    private string? _text;
    private bool _hasRun;
    private bool _isUnknown;

    /// <summary>Whether the cache has to be emptied before this run; also notes the run as the last one.</summary>
    internal bool MustClearBefore(GenerationInput input)
    {
        bool isCovered = input.Tokens is { } tokens
            ? tokens.Count <= _tokens.Count && tokens.SequenceEqual(_tokens.Take(tokens.Count))
            : _text is not null && _text.StartsWith(input.Text!, StringComparison.Ordinal);
        bool mustClear = _isUnknown || (_hasRun && (!isReused || isCovered));
        (_hasRun, _isUnknown) = (true, false);
        _tokens.Clear();
        _tokens.AddRange(input.Tokens ?? []);
        _text = input.Text;
        return mustClear;
    }

    /// <summary>Notes that nothing is known of what the cache holds; the next run starts with an empty one.</summary>
    internal void Forget()
    {
        _isUnknown = true;
        _tokens.Clear();
        _text = null;
    }

    /// <summary>Notes a token of the answer, which follows the prompt in the cache.</summary>
    internal void Add(int tokenId)
    {
        if (_text is null)
            _tokens.Add(tokenId);
    }
}
