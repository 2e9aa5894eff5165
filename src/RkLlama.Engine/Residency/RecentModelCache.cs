using RkLlama.Engine.Models;

namespace RkLlama.Engine.Residency;

/// <summary>
/// The models that requests named most recently, with their tokenizers and chat templates. Keeps at most 4 models in memory, and at most 16 MiB, not counting
/// models that are resident. A single larger model is kept, too. Models that the cache does not keep are still found as long as requests use them.
/// Thread-safe.
/// </summary>
internal sealed class RecentModelCache
{
    private const int Max = 4;
    private const long MaxBytes = 16 << 20;

    private readonly Lock _lock = new();

    // Guarded by _lock. The models that are kept. The most recently used model is the last one.
    private readonly List<ModelInstance> _models = [];

    // Guarded by _lock. The models that are not kept any more.
    private readonly List<WeakReference<ModelInstance>> _dropped = [];

    /// <summary>Takes the instances of a model out of the cache.</summary>
    internal IReadOnlyList<ModelInstance> Remove(string name)
    {
        lock (_lock)
        {
            ModelInstance[] removed = [.. All().Where(known => known.Name == name)];
            _models.RemoveAll(known => known.Name == name);
            _dropped.RemoveAll(dropped => !dropped.TryGetTarget(out ModelInstance? known) || known.Name == name);
            return removed;
        }
    }

    /// <summary>
    /// Returns the cached instance of this model. Creates a new instance if none is cached, if the Modelfile has changed, if the operator has unloaded the
    /// cached instance, or if its chat template and tokenizer could not be loaded.
    /// </summary>
    internal ModelInstance GetOrAdd(ModelEntry entry, Func<ModelEntry, ModelInstance> create)
    {
        lock (_lock)
        {
            ModelInstance? model = All().FirstOrDefault(known => known.Entry.IsSame(entry) && !known.Unloaded.IsCancellationRequested && !known.Prompts.IsFaulted);
            Remove(entry.Name);
            model ??= create(entry);
            _models.Add(model);
            Trim();
            return model;
        }
    }

    /// <summary>Keeps the limits. Called when the memory of a model has become known, because its tokenizer was loaded.</summary>
    internal void Trim()
    {
        lock (_lock)
        {
            long bytes = 0;
            for (int i = _models.Count - 1; i >= 0; i--)
            {
                bytes += BytesOf(_models[i]);
                if (i < _models.Count - 1 && (bytes > MaxBytes || _models.Count - i > Max))
                    Drop(i);
            }
        }
    }

    /// <summary>Drops all models that are neither resident nor loading their tokenizers.</summary>
    /// <returns>Whether there were any.</returns>
    internal bool DropUnused()
    {
        lock (_lock)
        {
            int before = _models.Count;
            for (int i = before - 1; i >= 0; i--)
            {
                if (!IsResident(_models[i]) && _models[i].Prompts.IsCompleted)
                    Drop(i);
            }

            return _models.Count < before;
        }
    }

    /// <summary>Keeps a model no longer. The caller holds the lock.</summary>
    private void Drop(int index)
    {
        _dropped.RemoveAll(static dropped => !dropped.TryGetTarget(out _));
        _dropped.Add(new(_models[index]));
        _models.RemoveAt(index);
    }

    private IEnumerable<ModelInstance> All() =>
        [.. _models, .. _dropped.Select(static dropped => dropped.TryGetTarget(out ModelInstance? known) ? known : null).OfType<ModelInstance>()];

    // The memory of a resident model is in use, and does not become free if the model is dropped.
    private static long BytesOf(ModelInstance model) => !IsResident(model) && model.Prompts.IsCompletedSuccessfully ? model.Prompts.Result.MemoryBytes : 0;

    private static bool IsResident(ModelInstance model) => model.State != ModelState.NotLoaded;
}
