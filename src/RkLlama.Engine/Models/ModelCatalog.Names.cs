using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Models;

/// <content>Finds the model that a name from a client means.</content>
internal sealed partial class ModelCatalog
{
    /// <summary>
    /// Finds the model that a request names, also a broken one: by its name on the node (<see cref="ResolveName"/>), else by a name at its source, such as
    /// <c>owner/repository</c> or another short name of the same model.
    /// </summary>
    /// <returns>A name from <see cref="ListAll"/>; <see langword="null"/> if there is no such model or the models directory cannot be read.</returns>
    public string? Resolve(string requested)
    {
        // The usual case needs no scan.
        if (IsModelDirectory(requested))
            return requested;
        IReadOnlyList<string> all = ListReadable();
        return MatchName(all, requested) ?? (names?.Read(requested) is { } source ? MatchSource(all, source) : null);
    }

    /// <summary>Finds the model of a source, also a broken one.</summary>
    /// <inheritdoc cref="Resolve(string)" path="/returns"/>
    public string? Resolve(RequestedSource source) => MatchSource(ListReadable(), source);

    /// <summary>Finds a model by its name on the node, also a broken one. Ignores case and the tag <c>:latest</c>; an exact match has priority.</summary>
    /// <inheritdoc cref="Resolve(string)" path="/returns"/>
    public string? ResolveName(string requested) => IsModelDirectory(requested) ? requested : MatchName(ListReadable(), requested);

    /// <summary>Returns where a model was pulled from; <see langword="null"/> if that is not recorded.</summary>
    /// <param name="name">A name from <see cref="ListAll"/>.</param>
    public ModelSource? SourceOf(string name)
    {
        string path = Path.Join(Root, name, ModelSource.FileName);
        return ModelName.IsModelName(name) && FileStatus.Of(path) is { Kind: FileKind.Regular } status ? _sources.Read(path, status) : null;
    }

    private IReadOnlyList<string> ListReadable()
    {
        try
        {
            return ListAll();
        }
        catch (ModelException)
        {
            return [];
        }
    }

    private static string? MatchName(IReadOnlyList<string> all, string requested)
    {
        string bare = ModelName.WithoutLatest(requested);
        return all.FirstOrDefault(name => name == requested)
            ?? all.FirstOrDefault(name => name == bare)
            ?? all.FirstOrDefault(name => name.Equals(bare, StringComparison.OrdinalIgnoreCase))
            ?? all.FirstOrDefault(name => ModelName.WithoutLatest(name).Equals(bare, StringComparison.OrdinalIgnoreCase));
    }

    private string? MatchSource(IReadOnlyList<string> all, RequestedSource source)
    {
        string? named = source.Names.Select(name => MatchName(all, name))
            .FirstOrDefault(name => name is not null && (SourceOf(name) is { } recorded ? source.IsSame(recorded) : source.AcceptsUnrecorded));
        return named ?? (source.IsNamed ? null : all.FirstOrDefault(name => SourceOf(name) is { } recorded && source.IsSame(recorded)));
    }
}
