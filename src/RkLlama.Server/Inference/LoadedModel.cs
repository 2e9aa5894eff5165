using RkLlama.Native;
using RkLlama.Prompts;
using RkLlama.Server.Models;

namespace RkLlama.Server.Inference;

/// <summary>
/// The model that the node serves, from <c>/load_model</c> to <c>/unload_model</c>. Its engine session may change underneath when a worker dies.
/// </summary>
#pragma warning disable CA1001 // the source has no timer and no handle, and requests may look at its token after the model has gone
internal sealed class LoadedModel
#pragma warning restore CA1001
{
    internal const int DefaultContextLength = 4096;
    internal const int DefaultMaxNewTokens = 2048;

    private readonly CancellationTokenSource _unloaded = new();

    /// <param name="prompts">Its template and tokenizer, which load at the same time.</param>
    internal LoadedModel(ModelEntry entry, Task<PromptBuilder> prompts)
    {
        Name = entry.Name;
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

    internal string Name { get; }

    internal EngineModel Engine { get; }

    /// <summary>Fails, as the load does, when the Modelfile's template cannot be used.</summary>
    internal Task<PromptBuilder> Prompts { get; }

    /// <summary>The session to run on; a task that is not done while a worker loads or is replaced. Written by <see cref="ModelHost"/> only.</summary>
    internal Task<IEngineSession> Session { get; set; } = Task.FromException<IEngineSession>(new InvalidOperationException("Not loaded."));

    /// <summary>Cancelled when the model is unloaded: whoever waits for it need not wait longer.</summary>
    internal CancellationToken Unloaded => _unloaded.Token;

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
