using System.Text;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Prompts.Tokenizers;

namespace RkLlama.Engine.Generation;

/// <summary>The tokens of the output of one turn, as input of a run that continues the output. Used by one task, except <see cref="Count"/>.</summary>
internal sealed class TurnTokens(PreparedGeneration prepared)
{
    // The token ids, with those that the server inserted; or the text if the prompt is a text.
    private readonly List<int> _ids = [];

    // The text of the runtime for each token; null for inserted ones.
    private readonly List<string?> _texts = [];
    private readonly StringBuilder? _text = prepared.Prompt.Tokens is null ? new() : null;

    // Before the current run.
    private int _textLength;
    private int _runStart;
    private volatile int _count;

    /// <summary>Number of tokens of the model in the output. Any thread.</summary>
    internal int Count => _count;

    /// <summary>Number of tokens in the output, with those that the server inserted.</summary>
    internal int Length => _ids.Count;

    /// <summary>Value of <see cref="Count"/> before the current run.</summary>
    internal int CountBeforeRun { get; private set; }

    /// <summary>Records that another run starts.</summary>
    internal void BeginRun() => (CountBeforeRun, _runStart, _textLength) = (_count, _ids.Count, _text?.Length ?? 0);

    internal void Add(EngineToken token)
    {
        _ids.Add(token.TokenId);
        _texts.Add(token.Text);
        _count++;
        AddText(token.Text);
    }

    /// <summary>Adds the rest of a character, which is not a token.</summary>
    internal void AddText(string text) => _text?.Append(text);

    /// <summary>Adds a text that the server inserts. Called between two runs.</summary>
    internal void Insert(string text)
    {
        AddText(text);
        Insert(Encode(text));
    }

    /// <summary>Returns what the KV cache contains after the current run.</summary>
    /// <param name="input">The input of the run.</param>
    internal KvCacheContents CacheAfter(RunInput input) =>
        new(input, input.Tokens?.Count ?? prepared.Prompt.TokenCount, _ids[_runStart..], _text?.ToString(_textLength, _text.Length - _textLength) ?? "")
        {
            Owner = prepared.Request.Trace.CacheOwner,
        };

    /// <summary>
    /// Returns the input and the parameters of a run that continues the output. The input is the prompt, the output so far and a text behind it. Returns null if
    /// the runtime would apply its own chat template to this input, or if no tokens are left.
    /// </summary>
    internal (RunInput Input, RunParameters Parameters)? Continuation(string behind)
    {
        if (prepared.Prompts.Mode == PromptMode.Runtime)
            return null;
        IReadOnlyList<int> between = Encode(behind);
        int? left = prepared.Budget.MaxNewTokens - Length - between.Count;
        if (left < 1)
            return null;
        RunInput input = prepared.Prompt.Tokens is { } tokens
            ? RunInput.FromTokens([.. tokens, .. _ids, .. between])
            : RunInput.FromText(prepared.Prompt.Text.Text + _text + behind);
        return (input, new(prepared.Request.Sampling, left));
    }

    /// <summary>Removes the tokens from an end token on. Called between two runs.</summary>
    /// <param name="length">Value of <see cref="Length"/> before the end token.</param>
    internal void CutAt(int length)
    {
        _ids.RemoveRange(length, _ids.Count - length);
        _texts.RemoveRange(length, _texts.Count - length);
        _count = _texts.Count(static text => text is not null);
    }

    /// <summary>
    /// Replaces the end of the output. Keeps the tokens before the token in which the replaced text starts. The rest of the kept text is encoded together with
    /// the new text. Called between two runs. The prompt must have token ids.
    /// </summary>
    /// <param name="end">The text with which the output ends.</param>
    /// <param name="kept">Number of characters of <paramref name="end"/> that stay.</param>
    /// <param name="text">The new text, which never becomes control tokens.</param>
    /// <returns>False if the output does not end with the text, because its tokens are not those of the tokenizer. Then nothing is changed.</returns>
    internal bool TryReplace(string end, int kept, string text)
    {
        if ((Find(end, kept, usesRuntimeText: false) ?? Find(end, kept, usesRuntimeText: true)) is not var (tokens, before))
            return false;
        string rest = before + text;
        CutAt(tokens);
        Insert(prepared.Prompts.Tokenizer!.Encode(new PromptText(rest, [new(0, rest.Length)]), guard: true));
        return true;
    }

    /// <summary>Finds the token in which a position of the output lies.</summary>
    /// <param name="usesRuntimeText">Whether to use the runtime's text for all tokens of the model; otherwise only for ids that the tokenizer does not have.</param>
    /// <returns>The number of tokens before the position, and the text between them and the position; <see langword="null"/> if the output does not end with the text.</returns>
    private (int Tokens, string Before)? Find(string end, int kept, bool usesRuntimeText)
    {
        TokenTextDecoder decoder = new(prepared.Prompts.Tokenizer!);
        StringBuilder decoded = new();
        List<int> lengths = [0];
        for (int i = 0; i < _ids.Count; i++)
        {
            bool isRuntimeText = _texts[i] is not null && (usesRuntimeText || !prepared.Prompts.Tokenizer!.Contains(_ids[i]));
            string text = isRuntimeText ? _texts[i]! : decoder.Append(_ids[i]);
            decoded.Append(text);

            // A token without a text may be the first part of a character.
            lengths.Add(decoder.IsInsideCharacter || (isRuntimeText && text.Length == 0) ? int.MaxValue : decoded.Length);
        }

        string all = decoded.ToString();
        int start = all.LastIndexOf(end, StringComparison.Ordinal);
        if (start < 0)
            return null;
        int tokens = lengths.FindLastIndex(length => length <= start + kept);
        return (tokens, all[lengths[tokens]..(start + kept)]);
    }

    private IReadOnlyList<int> Encode(string text) => text.Length > 0 ? prepared.Prompts.BuildRaw(text).Tokens ?? [] : [];

    private void Insert(IReadOnlyList<int> ids)
    {
        _ids.AddRange(ids);
        _texts.AddRange(Enumerable.Repeat<string?>(null, ids.Count));
    }
}
