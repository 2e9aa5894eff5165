namespace RkLlama.Engine.Residency;

/// <summary>The models that the server loads at its start and, after an eviction, again as soon as there is room for them. Thread-safe.</summary>
internal sealed class PreloadedModels
{
    private readonly Lock _lock = new();

    // Replaced as a whole, under _lock.
    private volatile IReadOnlyList<ModelInstance> _all = [];

    /// <summary>The models in the order in which they were added.</summary>
    internal IReadOnlyList<ModelInstance> All => _all;

    /// <summary>Adds a model, in place of an earlier instance with its name.</summary>
    internal void Add(ModelInstance model)
    {
        lock (_lock)
            _all = [.. _all.Where(other => other.Name != model.Name), model];
    }

    /// <summary>Removes a model if it is in the list.</summary>
    internal void Remove(ModelInstance model)
    {
        lock (_lock)
            _all = [.. _all.Where(other => other != model)];
    }

    /// <summary>Removes the models with this name.</summary>
    /// <returns>The removed models.</returns>
    internal IReadOnlyList<ModelInstance> Remove(string name)
    {
        lock (_lock)
        {
            ModelInstance[] removed = [.. _all.Where(model => model.Name == name)];
            _all = [.. _all.Except(removed)];
            return removed;
        }
    }
}
