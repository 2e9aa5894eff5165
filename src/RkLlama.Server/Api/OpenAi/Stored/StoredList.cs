using System.Globalization;
using System.Text.Json;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.OpenAi.Stored;

/// <summary>One page of a list.</summary>
/// <param name="Object">Always list.</param>
/// <param name="FirstId">Id of the first element; null if the page is empty.</param>
/// <param name="LastId">Id of the last element: the value of after for the next page. Null if the page is empty.</param>
/// <param name="HasMore">Whether there are more elements after the last one.</param>
internal sealed record StoredList(string Object, JsonElement[] Data, string? FirstId, string? LastId, bool HasMore)
{
    internal static StoredList Of(PageOf<JsonElement> page) => new(
        "list", [.. page.Items], page.Items.Count > 0 ? StoredItems.IdOf(page.Items[0]) : null, page.Items.Count > 0 ? StoredItems.IdOf(page.Items[^1]) : null, page.HasMore);
}

internal sealed record PageOf<T>(IReadOnlyList<T> Items, bool HasMore);

/// <summary>The query parameters limit, order and after, as OpenAI has them.</summary>
/// <param name="IsAscending">Whether the oldest element comes first.</param>
internal sealed record PageQuery(int Limit, bool IsAscending, string? After)
{
    private const int MaxLimit = 100, UsualLimit = 20;

    /// <exception cref="ApiException">Status 400: a parameter has a wrong value.</exception>
    internal static PageQuery Of(IQueryCollection query, bool isAscending)
    {
        int limit = UsualLimit;
        if (query["limit"] is [{ } given] && (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MaxLimit))
            throw ApiException.BadRequest($"limit must be 1 to {MaxLimit}.", "limit");
        return query["order"].ToString() switch
        {
            "" => new(limit, isAscending, AfterOf(query)),
            "asc" => new(limit, true, AfterOf(query)),
            "desc" => new(limit, false, AfterOf(query)),
            _ => throw ApiException.BadRequest("order must be asc or desc.", "order"),
        };
    }

    /// <summary>Returns one page.</summary>
    /// <param name="ascending">All elements, the oldest one first.</param>
    /// <exception cref="ApiException">Status 400: no element has the id of after.</exception>
    internal PageOf<T> Of<T>(IReadOnlyList<T> ascending, Func<T, string> idOf)
    {
        List<T> ordered = [.. IsAscending ? ascending : ascending.Reverse()];
        int start = 0;
        if (After is not null)
        {
            start = ordered.FindIndex(item => idOf(item) == After) + 1;
            if (start == 0)
                throw ApiException.BadRequest("after is no id of this list.", "after");
        }

        return new([.. ordered.Skip(start).Take(Limit)], ordered.Count > start + Limit);
    }

    private static string? AfterOf(IQueryCollection query) => query["after"] is [{ Length: > 0 } after] ? after : null;
}

/// <summary>The answer to a DELETE.</summary>
/// <param name="Deleted">Always true.</param>
internal sealed record StoredDeletion(string Id, string Object, bool Deleted = true);

/// <summary>A request that changes the metadata of a stored object.</summary>
internal sealed record MetadataBody
{
    /// <summary>The new metadata, in place of the old ones.</summary>
    [OpenApi.AnyOf(typeof(Dictionary<string, JsonElement>))]
    public JsonElement? Metadata { get; init; }
}
