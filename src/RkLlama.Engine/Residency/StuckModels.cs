namespace RkLlama.Engine.Residency;

/// <summary>The models whose workers are stuck, in the order in which this was noticed. Thread-safe.</summary>
internal sealed class StuckModels
{
    private readonly Lock _lock = new();
    private readonly List<ModelInstance> _models = [];
    private volatile ModelInstance? _first;

    /// <summary>The first one; null if no worker is stuck.</summary>
    internal ModelInstance? First => _first;

    internal void Add(ModelInstance model)
    {
        lock (_lock)
        {
            if (!_models.Contains(model))
                _models.Add(model);
            _first = _models[0];
        }
    }

    internal void Remove(ModelInstance model)
    {
        lock (_lock)
        {
            _models.Remove(model);
            _first = _models.FirstOrDefault();
        }
    }
}
