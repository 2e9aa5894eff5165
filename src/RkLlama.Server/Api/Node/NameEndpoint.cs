using RkLlama.Engine.Models;
using RkLlama.Hub.Names;
using RkLlama.Server.Http.Results;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.Node;

/// <summary>The endpoint <c>GET /node/names</c>: a search in the table of short names.</summary>
internal static class NameEndpoint
{
    // A model with 1.5 billion parameters answers at 16 tokens per second, and fits beside others into 4 GB.
    private const string Recommended = "qwen2.5:1.5b";

    private const int MaxNames = 200;

    internal static JsonResult<NodeNames> Get(PullPlans plans, ModelCatalog catalog, string? q = null)
    {
        string[] words = (q ?? "").Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<ShortName> found = plans.Names.Entries.Where(entry => Array.TrueForAll(words, word => Contains(entry, word)));
        return new(new([.. found.Take(MaxNames).Select(entry => Describe(entry, catalog))]), NodeJson.Wire.NodeNames);
    }

    private static bool Contains(ShortName entry, string word) =>
        entry.Aliases.Append(entry.Name).Append(entry.Repo).Any(text => text.Contains(word, StringComparison.OrdinalIgnoreCase));

    // The built-in table has no sizes. Of a model that is on the node, the file tells.
    private static NodeName Describe(ShortName entry, ModelCatalog catalog)
    {
        string? local = catalog.Resolve(ShortNames.LocalNameOf(entry.Name));
        long? size = entry.Size ?? (local is not null && ModelFileInfo.Read(catalog, local).Size is > 0 and var found ? found : null);
        return new(entry.Name, entry.Aliases, entry.Repo, entry.Platform, size, entry.Source, local is not null, entry.Name == Recommended);
    }
}
