using System.Runtime.InteropServices;
using RkLlama.Native;

namespace RkLlama.Engine.Residency;

/// <summary>
/// The contents of a worker's KV cache after a run: the prompt of the run and its output. The runtime reuses the part that is equal to the beginning of the next
/// prompt. Immutable.
/// </summary>
internal sealed class KvCacheContents
{
    private readonly int[]? _tokens;
    private readonly string? _text;

    /// <param name="prompt">The prompt of the run.</param>
    /// <param name="promptTokens">Number of tokens of the prompt; an estimate if it is a text.</param>
    /// <param name="output">Ids of the generated tokens.</param>
    /// <param name="outputText">The generated text. Used only if the prompt is a text.</param>
    internal KvCacheContents(RunInput prompt, int promptTokens, IReadOnlyList<int> output, string outputText)
    {
        PromptTokens = promptTokens;
        _tokens = prompt.Tokens is { } tokens ? [.. tokens, .. output] : null;
        _text = prompt.Text is { } text ? text + outputText : null;
        CharsPerToken = prompt.Text is { Length: > 0 } given && promptTokens > 0 ? (double)given.Length / promptTokens : 1;
    }

    /// <summary>Creates the contents of a cache that was loaded from the disk. They cost nothing if a request replaces them.</summary>
    internal static KvCacheContents OfSavedPrefix(IReadOnlyList<int> tokens) => new(RunInput.FromTokens(tokens), 0, [], "");

    /// <summary>Number of tokens of the prompt, without the output; 0 if the cache was loaded from the disk.</summary>
    internal int PromptTokens { get; }

    /// <summary>Identifies the client of the run if clients do not share KV caches; otherwise <see langword="null"/>.</summary>
    internal UInt128? Owner { get; init; }

    private double CharsPerToken { get; }

    /// <summary>Returns how many tokens at the beginning of a prompt are in the cache. An estimate if the prompts are texts.</summary>
    internal int CountShared(RunInput prompt)
    {
        if (_text is not null && prompt.Text is { } text)
            return (int)(_text.AsSpan().CommonPrefixLength(text) / CharsPerToken);
        if (_tokens is null || prompt.Tokens is not { } tokens)
            return 0;
        ReadOnlySpan<int> other = tokens switch
        {
            int[] array => array,
            List<int> list => CollectionsMarshal.AsSpan(list),
            _ => [.. tokens],
        };
        return _tokens.AsSpan().CommonPrefixLength(other);
    }
}
