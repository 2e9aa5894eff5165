using System.Text;
using RkLlama.Engine.Residency;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation;

/// <summary>The generated tokens of one turn, as input of a run that continues the output. Used by one task, except <see cref="Count"/>.</summary>
internal sealed class TurnTokens(PreparedGeneration prepared)
{
    // The token ids, or the text if the prompt is a text.
    private readonly List<int> _ids = [];
    private readonly StringBuilder? _text = prepared.Prompt.Tokens is null ? new() : null;

    // Before the current run.
    private int _textLength;

    /// <summary>Number of tokens of all runs so far. Any thread.</summary>
    internal int Count => _ids.Count;

    /// <summary>Number of tokens of the runs before the current one.</summary>
    internal int CountBeforeRun { get; private set; }

    /// <summary>Records that another run starts.</summary>
    internal void BeginRun() => (CountBeforeRun, _textLength) = (_ids.Count, _text?.Length ?? 0);

    internal void Add(EngineToken token)
    {
        _ids.Add(token.TokenId);
        AddText(token.Text);
    }

    /// <summary>Adds a text that is not a token: the rest of a character, or a text that the server inserts.</summary>
    internal void AddText(string text) => _text?.Append(text);

    /// <summary>Returns what the KV cache contains after the current run.</summary>
    /// <param name="input">The input of the run.</param>
    internal KvCacheContents CacheAfter(RunInput input) =>
        new(input, input.Tokens?.Count ?? prepared.Prompt.TokenCount, _ids[CountBeforeRun..], _text?.ToString(_textLength, _text.Length - _textLength) ?? "")
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
        IReadOnlyList<int> between = behind.Length > 0 ? prepared.Prompts.BuildRaw(behind).Tokens ?? [] : [];
        int? left = prepared.Budget.MaxNewTokens - Count - between.Count;
        if (left < 1)
            return null;
        RunInput input = prepared.Prompt.Tokens is { } tokens
            ? RunInput.FromTokens([.. tokens, .. _ids, .. between])
            : RunInput.FromText(prepared.Prompt.Text.Text + _text + behind);
        return (input, new(prepared.Request.Sampling, left));
    }
}
