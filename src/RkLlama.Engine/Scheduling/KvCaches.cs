using RkLlama.Engine.Residency;

namespace RkLlama.Engine.Scheduling;

/// <summary>The KV caches of the resident models. Thread-safe.</summary>
internal sealed class KvCaches(ModelHost host) : IKvCaches
{
    // At the end of a prompt, the chat template opens the next message. The next turn of the conversation may have other tokens there.
    private const int TemplateEnd = 16;

    // The model of the last run.
    private volatile ModelInstance? _last;

    /// <summary>Records the contents of a model's KV cache after a lease.</summary>
    /// <param name="contents">The contents; <see langword="null"/> if the cache is empty or its contents are not known.</param>
    internal void Record(ModelInstance model, KvCacheContents? contents)
    {
        model.KvCache = contents;
        _last = model;
    }

    /// <inheritdoc/>
    public bool IsResident(string model) => host.FindResident(model) is not null;

    /// <inheritdoc/>
    public int CountCached(QueuedRequest request) =>
        request.Prompt is { } prompt && host.FindResident(request.Model)?.KvCache is { } contents ? contents.CountShared(prompt) : 0;

    /// <inheritdoc/>
    public TimeSpan CostOfReplacing(QueuedRequest request)
    {
        if (_last is not { KvCache: { } contents } last || host.FindResident(request.Model) != last)
            return TimeSpan.Zero;
        int replaced = contents.PromptTokens - (request.Prompt is { } prompt ? contents.CountShared(prompt) : 0);
        return replaced <= TemplateEnd ? TimeSpan.Zero : replaced * last.Pace.PrefillPerToken;
    }
}
