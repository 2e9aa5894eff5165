using RkLlama.Native;

namespace RkLlama.Engine.Workers.Worker;

/// <summary>
/// Tracks the contents of the runtime's KV cache: the prompt and the output of the last run. For each prompt, the runtime itself reuses the part of the cache
/// that is equal to the start of the prompt. But if the cache already contains the whole prompt, nothing is left to prefill, and some versions then generate a
/// wrong answer. So the cache must be cleared before such a run, unless <see cref="LastTokenReplacer"/> has replaced the last token. Used by the main loop of the worker only.
/// </summary>
/// <param name="isReused">Whether a run may reuse the cache (REUSE_KV_CACHE in the Modelfile). If false, each run starts with an empty cache.</param>
internal sealed class KvCacheTracker(bool isReused)
{
    private readonly List<int> _tokens = [];

    // The tokens of the loaded prompt cache file. The runtime may keep them beside the contents of the cache until the cache is cleared.
    private IReadOnlyList<int> _file = [];
    private string? _text;
    private bool _hasRun;
    private bool _isUnknown;

    /// <summary>Returns whether the cache must be cleared before this run, and records the run's prompt as the new contents.</summary>
    internal bool MustClearBefore(RunInput input)
    {
        bool isCovered = input.Tokens is { } tokens
            ? IsCovered(tokens, _tokens) || IsCovered(tokens, _file)
            : _text is not null && _text.StartsWith(input.Text!, StringComparison.Ordinal);
        bool mustClear = _isUnknown || (_hasRun && (!isReused || isCovered));
        SetContents(input.Tokens ?? [], input.Text);
        if (mustClear)
            _file = [];
        return mustClear;
    }

    /// <summary>Whether the cache contains a whole prompt, and no loaded file does.</summary>
    internal bool Holds(IReadOnlyList<int> prompt) => isReused && !_isUnknown && IsCovered(prompt, _tokens) && !IsCovered(prompt, _file);

    /// <summary>Returns how many tokens at the beginning of a prompt are in the cache. 0 for a text.</summary>
    internal int CountShared(RunInput input) =>
        isReused && !_isUnknown && input.Tokens is { } tokens ? tokens.Zip(_tokens).TakeWhile(static pair => pair.First == pair.Second).Count() : 0;

    /// <summary>Whether the cache is certainly empty.</summary>
    internal bool IsEmpty => !_hasRun && !_isUnknown;

    /// <summary>Whether the runtime reuses a part of the cache for a run with this input, if the cache is not cleared before.</summary>
    internal bool IsReusedBy(RunInput input) =>
        isReused && !_isUnknown && input.Tokens is [var first, ..] && (_tokens is [var own, ..] && own == first || _file is [var saved, ..] && saved == first);

    /// <summary>Records that the runtime has loaded a prompt cache file. Called before the first run.</summary>
    /// <param name="tokens">The tokens that the file may contain.</param>
    internal void Load(IReadOnlyList<int> tokens)
    {
        SetContents(tokens, null);
        _file = tokens;
    }

    /// <summary>Records the prompt and the output of a run.</summary>
    internal void Record(IReadOnlyList<int> tokens) => SetContents(tokens, null);

    /// <summary>Records that the cache was cleared and then filled with these tokens.</summary>
    internal void Replace(IReadOnlyList<int> tokens)
    {
        SetContents(tokens, null);
        _file = [];
    }

    /// <summary>Records that the cache was cleared.</summary>
    internal void Clear()
    {
        Replace([]);
        _hasRun = false;
    }

    private void SetContents(IReadOnlyList<int> tokens, string? text)
    {
        (_hasRun, _isUnknown) = (true, false);
        _tokens.Clear();
        _tokens.AddRange(tokens);
        _text = text;
    }

    private static bool IsCovered(IReadOnlyList<int> prompt, IReadOnlyList<int> tokens) =>
        prompt.Count <= tokens.Count && prompt.SequenceEqual(tokens.Take(prompt.Count));

    /// <summary>Records that the contents of the cache are unknown, so that it is cleared before the next run.</summary>
    internal void Forget()
    {
        _isUnknown = true;
        _tokens.Clear();
        _text = null;
    }

    /// <summary>
    /// Records a generated token, which the runtime appends to the cache. Does nothing after a text prompt, because the token ids of the prompt are unknown.
    /// </summary>
    internal void Add(int tokenId)
    {
        if (_text is null)
            _tokens.Add(tokenId);
    }
}
