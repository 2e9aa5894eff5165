using RkLlama.Engine.Models;
using RkLlama.Hub.Names;

namespace RkLlama.Server.Pulls;

/// <summary>Reads names of models at their sources: on hubs, in the table of short names, on other nodes, and paths of this machine. Thread-safe.</summary>
internal sealed class SourceNames(Lazy<ShortNames> table) : ISourceNames
{
    /// <inheritdoc/>
    public RequestedSource? Read(string requested)
    {
        if (NodeModelAddress.TryParse(requested, out Uri? node, out string? model))
            return OfNode(node, model);
        if (table.Value.Find(requested) is { Count: > 0 } entries)
            return OfEntries(requested, entries);
        return requested.Contains('/', StringComparison.Ordinal) && ModelReferenceParser.TryParse(requested, out ModelReference? reference, out _) ? OfReference(reference) : null;
    }

    /// <summary>Reads what a pull asks for.</summary>
    /// <param name="origin">The source; <see langword="null"/> for a hub.</param>
    /// <inheritdoc cref="Read(string)"/>
    internal RequestedSource? Read(string requested, PullOrigin? origin) => origin switch
    {
        { Path: { } path } => new(path, [LocalPlan.NameOf(path)], recorded => recorded.Name == path),
        { Node: { } node } => OfNode(node.Address, requested),
        _ => Read(requested),
    };

    private static RequestedSource OfReference(ModelReference reference) => new(reference.ToString(), [reference.DefaultName], recorded => IsSame(reference, recorded))
    {
        IsNamed = reference.LocalName is not null,
    };

    private static RequestedSource OfEntries(string requested, IReadOnlyList<ShortName> entries)
    {
        ModelReference[] references = [.. entries.Select(ReferenceOf)];
        return new(
            references[0].ToString(),
            [ShortNames.LocalNameOf(requested), .. entries.Select(static entry => entry.Name), .. entries.SelectMany(static entry => entry.Aliases)],
            recorded => Array.Exists(references, reference => IsSame(reference, recorded)))
        {
            AcceptsUnrecorded = true,
        };
    }

    private static ModelReference ReferenceOf(ShortName entry)
    {
        _ = ModelReferenceParser.TryParse(entry.Repo, out ModelReference? found, out _);
        return found! with { Path = entry.File, Revision = entry.Revision ?? found.Revision };
    }

    private static bool IsSame(ModelReference reference, ModelSource recorded) =>
        ModelReferenceParser.TryParse(recorded.Name, out ModelReference? other, out _) && reference.IsSame(other, recorded.File, recorded.Commit);

    private static RequestedSource OfNode(Uri node, string model)
    {
        string name = ShortNames.LocalNameOf(model), text = node.ToString().TrimEnd('/') + "/" + name;
        return new(text, [name], recorded => recorded.Name.Equals(text, StringComparison.OrdinalIgnoreCase));
    }
}
