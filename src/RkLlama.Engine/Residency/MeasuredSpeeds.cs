namespace RkLlama.Engine.Residency;

/// <summary>The decode rates of the models that have run last. They stay when the models are unloaded. Thread-safe.</summary>
internal sealed class MeasuredSpeeds
{
    internal const int Capacity = 16;

    private readonly Lock _lock = new();

    // Guarded by _lock. The model that has run last is the last one.
    private readonly List<MeasuredSpeed> _speeds = [];

    /// <summary>The rates, that of the model that has run last first.</summary>
    internal IReadOnlyList<MeasuredSpeed> All
    {
        get
        {
            lock (_lock)
                return [.. Enumerable.Reverse(_speeds)];
        }
    }

    /// <summary>Records the pace of a model after a run. A model whose decode time is not known is not recorded.</summary>
    internal void Record(ModelInstance model)
    {
        if (model.Pace.DecodePerToken is not { Ticks: > 0 } perToken)
            return;
        MeasuredSpeed speed = new(model.Name, Path.GetFileNameWithoutExtension(model.Entry.ModelPath), model.Facts?.RuntimeVersion, 1 / perToken.TotalSeconds);
        lock (_lock)
        {
            _speeds.RemoveAll(other => other.Model == speed.Model);
            if (_speeds.Count == Capacity)
                _speeds.RemoveAt(0);
            _speeds.Add(speed);
        }
    }
}

/// <summary>The decode rate of a model in its last run.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="File">Name of its .rkllm file, without the extension.</param>
/// <param name="Runtime">Release of the vendor library; <see langword="null"/> if unknown.</param>
/// <param name="TokensPerSecond">Greater than 0.</param>
internal sealed record MeasuredSpeed(string Model, string File, string? Runtime, double TokensPerSecond);
