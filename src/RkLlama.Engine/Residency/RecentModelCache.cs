using RkLlama.Engine.Models;

namespace RkLlama.Engine.Residency;

/// <summary>
/// The models that requests named most recently, at most 4, with their tokenizers and chat templates. Not thread-safe: <see cref="ModelHost"/> uses it under
/// its lock.
/// </summary>
internal sealed class RecentModelCache
{
    // Limits the memory: a tokenizer takes some MB.
    private const int Max = 4;

    // The most recently used model is the last one.
    private readonly List<ModelInstance> _models = [];

    /// <summary>Takes the instances of a model out of the cache.</summary>
    internal IReadOnlyList<ModelInstance> Remove(string name)
    {
        ModelInstance[] removed = [.. _models.Where(known => known.Name == name)];
        _models.RemoveAll(known => known.Name == name);
        return removed;
    }

    /// <summary>
    /// Returns the cached instance of this model. Creates a new instance if none is cached, if the Modelfile has changed, if the operator has unloaded the
    /// cached instance, or if its chat template and tokenizer could not be loaded.
    /// </summary>
    internal ModelInstance GetOrAdd(ModelEntry entry, Func<ModelEntry, ModelInstance> create)
    {
        ModelInstance? model = _models.Find(known => known.Entry.IsSame(entry) && !known.Unloaded.IsCancellationRequested && !known.Prompts.IsFaulted);
        _models.RemoveAll(known => known.Name == entry.Name);
        model ??= create(entry);
        _models.Add(model);
        if (_models.Count > Max)
            _models.RemoveAt(0);
        return model;
    }
}
