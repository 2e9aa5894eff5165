using RkLlama.Engine.Models;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Prompts;

namespace RkLlama.Engine.Residency;

/// <summary>
/// A model that requests can be made for. Its prompts are there as long as it is known; its worker only while it is the one that the node serves.
/// </summary>
#pragma warning disable CA1001 // the source has no timer and no handle, and requests may look at its token after the model has gone
internal sealed class LoadedModel
#pragma warning restore CA1001
{
    internal const int DefaultContextLength = 4096;
    internal const int DefaultMaxNewTokens = 2048;

    private readonly CancellationTokenSource _unloaded = new();

    // Ticks of UTC, or long.MaxValue for never; any thread.
    private long _expires = long.MaxValue;

    /// <param name="prompts">Its template and tokenizer, which load at the same time.</param>
    internal LoadedModel(ModelEntry entry, Task<PromptBuilder> prompts)
    {
        Entry = entry;
        int contextLength = entry.Modelfile.NumCtx ?? DefaultContextLength;
        Engine = new(
            entry.Name,
            entry.ModelPath,
            contextLength,
            Math.Min(entry.Modelfile.MaxNewTokens ?? DefaultMaxNewTokens, contextLength),
            SamplingOf(entry.Modelfile))
        {
            ReusesKvCache = entry.Modelfile.ReuseKvCache ?? true,
            KeepsChatTemplate = entry.Modelfile.TemplateMode == TemplateMode.Runtime,
        };
        Prompts = prompts;
    }

    internal string Name => Entry.Name;

    internal ModelEntry Entry { get; }

    internal EngineModel Engine { get; }

    /// <summary>Fails, as the load does, when the Modelfile's template cannot be used.</summary>
    internal Task<PromptBuilder> Prompts { get; }

    /// <summary>Who keeps its worker, while it is the model that the node serves. Written by <see cref="ModelHost"/> only, under its lock.</summary>
    internal SessionKeeper? Keeper { get; set; }

    /// <summary>Whether the operator has loaded it: it is then not unloaded for idleness.</summary>
    internal bool IsPinned { get; set; }

    /// <summary>When it may be unloaded for idleness; <see cref="DateTimeOffset.MaxValue"/> for never.</summary>
    internal DateTimeOffset Expires
    {
        get => Volatile.Read(ref _expires) is var ticks && ticks < DateTimeOffset.MaxValue.Ticks ? new(ticks, TimeSpan.Zero) : DateTimeOffset.MaxValue;
        set => Volatile.Write(ref _expires, value.UtcTicks);
    }

    /// <summary>Cancelled when the model is unloaded: whoever waits for it need not wait longer.</summary>
    internal CancellationToken Unloaded => _unloaded.Token;

    /// <summary>Takes effect at once; ends when everybody has been told.</summary>
    internal Task MarkUnloadedAsync() => _unloaded.CancelAsync();

    private static SamplingParameters SamplingOf(Modelfile file) => new(
        file.TopK,
        (float?)file.TopP,
        (float?)file.Temperature,
        (float?)file.RepeatPenalty,
        (float?)file.FrequencyPenalty,
        (float?)file.PresencePenalty,
        file.Mirostat,
        (float?)file.MirostatTau,
        (float?)file.MirostatEta);
}
