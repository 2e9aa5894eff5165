using RkLlama.Engine.Models;

namespace RkLlama.Engine.Residency;

/// <summary>The models that requests have named lately, with their prompts. Not thread-safe: <see cref="ModelHost"/> uses it under its lock.</summary>
internal sealed class RecentModelCache
{
    // A model's tokenizer takes some MB.
    private const int Max = 4;

    // The latest last.
    private readonly List<ModelInstance> _models = [];

    /// <summary>The instance of this entry. A new one if the Modelfile has changed, or the operator has unloaded the known one.</summary>
    internal ModelInstance GetOrAdd(ModelEntry entry, Func<ModelEntry, ModelInstance> create)
    {
        ModelInstance? model = _models.Find(known => known.Entry.IsSame(entry) && !known.Unloaded.IsCancellationRequested);
        _models.RemoveAll(known => known.Name == entry.Name);
        model ??= create(entry);
        _models.Add(model);
        if (_models.Count > Max)
            _models.RemoveAt(0);
        return model;
    }
}
