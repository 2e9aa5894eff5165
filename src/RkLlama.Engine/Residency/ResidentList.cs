using System.Collections;

namespace RkLlama.Engine.Residency;

/// <summary>The resident models in the order of their last use, the least recently used one first. Not thread-safe.</summary>
internal sealed class ResidentList : IReadOnlyList<Resident>
{
    private readonly List<Resident> _residents = [];

    /// <inheritdoc/>
    public int Count => _residents.Count;

    /// <inheritdoc/>
    public Resident this[int index] => _residents[index];

    /// <summary>The model for requests that do not name one: see <see cref="ResidentModels.Main"/>.</summary>
    internal ModelInstance? Main
    {
        get
        {
            Resident? main = null;
            foreach (Resident resident in _residents)
            {
                if (main is null || RankOf(resident) >= RankOf(main))
                    main = resident;
            }

            return main?.Model;

            // The failure of a model that generates no text is not that of the node while another model works.
            static int RankOf(Resident resident) => (resident.Model.Role == ModelRole.Chat ? 4 : resident.HasWorker ? 2 : 0) + (resident.Model.IsPinned ? 1 : 0);
        }
    }

    /// <summary>The resident whose first load has not ended; null if there is none. Can be an additional KV slot.</summary>
    internal Resident? Loading => _residents.SelectMany(static resident => resident.Workers).FirstOrDefault(static resident => !resident.Load.IsCompleted);

    /// <summary>The sum of the estimated memory of the models, in bytes.</summary>
    internal long Bytes => _residents.Sum(static resident => resident.TotalBytes);

    /// <summary>Returns the resident with this model; null if the model is not resident.</summary>
    internal Resident? Find(ModelInstance model) => _residents.Find(resident => resident.Model == model);

    /// <summary>Returns the resident whose model has this name; null if the model is not resident.</summary>
    internal Resident? Find(string name) => _residents.Find(resident => resident.Model.Name == name);

    internal void Add(Resident resident) => _residents.Add(resident);

    internal void Remove(Resident resident) => _residents.Remove(resident);

    internal void MarkUsed(Resident resident)
    {
        if (_residents[^1] == resident)
            return;
        _residents.Remove(resident);
        _residents.Add(resident);
    }

    /// <inheritdoc/>
    public IEnumerator<Resident> GetEnumerator() => _residents.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
