using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace RkLlama.Server.Api.Page;

/// <summary>Recognises the requests of browsers that show a page, by their header Accept.</summary>
internal static class BrowserRequest
{
    private static readonly StringSegment Html = "text/html";
    private static readonly StringSegment Xhtml = "application/xhtml+xml";
    private static readonly StringSegment Json = "application/json";

    /// <summary>
    /// Whether the client lists both HTML and XHTML, which programs do not, and prefers HTML to JSON. If JSON is only part of a wildcard, the same weight is
    /// enough for HTML, because some browsers give no weights.
    /// </summary>
    internal static bool PrefersPage(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? types))
            return false;
        double html = WeightOf(types, Html) ?? 0;
        if (html == 0 || WeightOf(types, Xhtml) is null)
            return false;
        return WeightOf(types, Json) is { } json
            ? html > json
            : html >= (WeightOf(types, "application/*") ?? WeightOf(types, "*/*") ?? 0);
    }

    /// <summary>Returns the weight of a type or wildcard, 0 to 1; <see langword="null"/> if it is not listed.</summary>
    private static double? WeightOf(IList<MediaTypeHeaderValue> types, StringSegment name) =>
        types.FirstOrDefault(type => type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found ? found.Quality ?? 1 : null;
}
