using RkLlama.Engine.Models;

namespace RkLlama.Engine.Residency;

/// <summary>The models that requests have named lately, with their prompts. Not thread-safe: owned by <see cref="ModelHost"/>, under its lock.</summary>
internal sealed class NamedModels(PromptSource prompts)
{
    // Each has a tokenizer of some MB.
    private const int Most = 4;

    // The latest last.
    private readonly List<LoadedModel> _models = [];

    /// <summary>The model of this entry: the one that is known already, if its Modelfile says the same and it was not unloaded since.</summary>
    internal LoadedModel Get(ModelEntry entry)
    {
        LoadedModel? model = _models.Find(known => known.Entry.IsSame(entry) && !known.Unloaded.IsCancellationRequested);
        _models.RemoveAll(known => known.Name == entry.Name);
        model ??= new(entry, prompts.LoadAsync(entry));
        _models.Add(model);
        if (_models.Count > Most)
            _models.RemoveAt(0);
        return model;
    }
}
