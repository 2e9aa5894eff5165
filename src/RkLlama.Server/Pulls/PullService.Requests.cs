using RkLlama.Engine.Models;
using RkLlama.Hub.Hubs;
using RkLlama.Hub.Names;
using RkLlama.Prompts.Files;

namespace RkLlama.Server.Pulls;

/// <summary>What a request for a pull leads to.</summary>
/// <param name="Model">The name of the model on the node.</param>
/// <param name="Job">The pull, which the caller has joined; <see langword="null"/> if there is nothing to pull.</param>
/// <param name="Note">Why there is nothing to pull: a sentence without a period. Empty if there is a pull.</param>
internal sealed record PullAnswer(string Model, PullJob? Job, string Note = "");

/// <content>Decides what a request needs.</content>
internal sealed partial class PullService
{
    /// <summary>Starts or joins a pull, like <see cref="Join"/>, if the node does not have the model, or if the model lacks files.</summary>
    /// <exception cref="ModelException">The model's Modelfile is not valid, or there is a model of another source with the name.</exception>
    /// <inheritdoc cref="Join"/>
    internal PullAnswer Start(string requested, string? localName, PullOrigin? origin)
    {
        (requested, origin) = Split(requested, origin);
        bool isPlain = origin is null && !requested.Contains('/', StringComparison.Ordinal);
        if (isPlain && localName is not null && ModelName.IsSame(requested, localName))
            localName = null;
        string wanted = localName ?? (isPlain ? ShortNames.LocalNameOf(requested) : plans.NameOf(requested, origin));
        RequestedSource? asked = sources.Read(requested, origin);
        if (FindAnywhere(wanted, localName is null ? asked : null) is not { } present || !ModelName.IsModelName(present))
            return (isPlain && localName is null && asked is null ? ContinueNamed(wanted) : null) ?? Started(requested, localName ?? FindPartial(wanted, asked), origin);
        ModelSource? recorded = catalog.SourceOf(present);
        if (origin is { Modelfile: { } modelfile, Path: { } path })
            return Changed(present, recorded, path, modelfile);
        bool isOther = recorded is not null && asked is not null && !asked.IsSame(recorded) && !(isPlain && localName is null && ModelName.IsSame(present, wanted));
        if (ModelGaps.Find(catalog, present) is not { } gaps)
        {
            if (!catalog.List().Contains(present))
                return Started(requested, present, origin);
            return isOther ? throw ModelException.OtherSource(present, recorded!.Name, asked!.Text) : new(present, null, PresentNote(present, recorded));
        }

        // With a name, a repository may bring the tokenizer of a model from elsewhere.
        if (isOther && localName is null)
            throw ModelException.OtherSource(present, recorded!.Name, asked!.Text);

        // A pull that only makes sure that the model is there succeeds without the network, too.
        if (origin is null && localName is null && !gaps.LacksWeights && plans.IsOffline)
            return new(present, null, PresentNote(present, recorded));
        if (localName is not null || !isPlain || plans.IsShortName(requested))
            return Started(requested, present, origin);
        if (gaps.Repository is { } repository)
            return Started(repository, present, origin);
        return gaps.LacksWeights
            ? throw new HubException(HubError.FileNotFound, $"the .rkllm file of '{present}' is missing: 'rkllama pull OWNER/REPOSITORY {present}' downloads it")
            : new(present, null, PresentNote(present, recorded) + (gaps.LacksPromptFiles ? $", but lacks its tokenizer or its chat template: 'rkllama pull OWNER/REPOSITORY {present}' brings them from the model that it was made from" : ""));
    }

    /// <summary>Returns the name of the model on the node that a request means, so that there is nothing to pull; <see langword="null"/> if there is none.</summary>
    /// <exception cref="HubException">The name is not valid.</exception>
    internal string? FindPresent(string requested)
    {
        (string model, PullOrigin? origin) = PullOrigin.Split(requested, keys);
        bool isPlain = origin is null && !model.Contains('/', StringComparison.Ordinal);
        RequestedSource? asked = sources.Read(model, origin);
        string? name = catalog.Resolve(requested) ?? catalog.ResolveName(isPlain ? ShortNames.LocalNameOf(model) : plans.NameOf(model, origin));
        bool isOther = name is not null && !isPlain && catalog.SourceOf(name) is { } recorded && asked?.IsSame(recorded) == false;
        return name is not null && !isOther && catalog.List().Contains(name) ? name : null;
    }

    /// <summary>Whether the node has a model with this name, so that there is nothing to pull.</summary>
    /// <exception cref="HubException">The name is not valid.</exception>
    internal bool IsPresent(string requested) => FindPresent(requested) is not null;

    /// <summary>Separates the name of a model from the address of the node that has it. Of the origin of a request, the key stays.</summary>
    private (string Requested, PullOrigin? Origin) Split(string requested, PullOrigin? origin)
    {
        if (origin?.Path is not null)
            return (requested, origin);
        (string model, PullOrigin? found) = PullOrigin.Split(requested, keys);
        return (model, origin ?? found);
    }

    private PullAnswer Started(string requested, string? localName, PullOrigin? origin)
    {
        PullJob job = Join(requested, localName, origin);
        return new(job.Name, job);
    }

    /// <summary>Returns a model that the node has, or the name of a directory that is not a model yet.</summary>
    /// <param name="asked">Where the model comes from; <see langword="null"/> if only the name counts.</param>
    private string? FindAnywhere(string wanted, RequestedSource? asked) =>
        (asked is null ? null : catalog.Resolve(asked)) ?? catalog.ResolveName(wanted) ?? (Directory.Exists(Path.Join(catalog.Root, wanted)) ? wanted : null);

    /// <summary>Returns another short name of the model under which a download was interrupted; <see langword="null"/> if there is none.</summary>
    private string? FindPartial(string wanted, RequestedSource? asked) => asked is not { AcceptsUnrecorded: true } || HasPartial(wanted) ? null : asked.Names.FirstOrDefault(HasPartial);

    /// <summary>Replaces the Modelfile of a model that was made from the same path before.</summary>
    /// <exception cref="ModelException">The model was made from something else, or the file has changed, or the Modelfile is not valid.</exception>
    private PullAnswer Changed(string present, ModelSource? recorded, string path, string modelfile)
    {
        if (recorded?.Name != path)
            throw ModelException.NameTaken(present);
        ModelEntry entry = catalog.Find(present);
        string source = Directory.Exists(path) ? Path.Join(path, Path.GetFileName(entry.ModelPath)) : path;
        if (FileStatus.Of(entry.ModelPath) is not { } copy || FileStatus.Of(source) is not { } original || copy.Size != original.Size)
            throw ModelException.SourceDiffers(present, path);
        store.ReplaceModelfile(present, LocalPlan.WithFrom(modelfile, Path.GetRelativePath(Path.Join(catalog.Root, present), entry.ModelPath)));
        return new(present, null, $"'{present}' has the settings of the new Modelfile. The .rkllm file is the same");
    }

    /// <summary>Joins the running download of a model whose name no source has, or continues an interrupted one from the source that its directory records.</summary>
    /// <returns><see langword="null"/> if there is none. A copy of a path does not continue: the client may not be allowed to name paths.</returns>
    private PullAnswer? ContinueNamed(string wanted)
    {
        if (Jobs.FirstOrDefault(job => ModelName.IsSame(job.Name, wanted)) is { } running && running.TryJoin())
            return new(running.Name, running);
        string? name = HasPartial(wanted) ? wanted : PartialNames().FirstOrDefault(partial => ModelName.IsSame(partial, wanted));
        if (name is null || !ModelName.IsModelName(name) || ModelSource.Read(Path.Join(catalog.Root, name + ModelName.PartialSuffix, ModelSource.FileName)) is not { } source || source.Name.StartsWith('/'))
            return null;
        (string requested, PullOrigin? origin) = Split(source.Name, null);
        return Started(requested, name, origin);
    }

    private IEnumerable<string> PartialNames()
    {
        try
        {
            return [.. Directory.EnumerateDirectories(catalog.Root, "*" + ModelName.PartialSuffix).Select(static path => Path.GetFileName(path)[..^ModelName.PartialSuffix.Length])];
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private bool HasPartial(string name) => Directory.Exists(Path.Join(catalog.Root, name + ModelName.PartialSuffix));

    private static string PresentNote(string name, ModelSource? recorded) => recorded is null ? $"'{name}' is already here" : $"'{name}' is already here (from {recorded.Name})";
}
