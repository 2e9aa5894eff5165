namespace RkLlama.Server.Http.Requests;

internal static class ApiKeys
{
    private const string Scheme = "Bearer ";

    // The second one is that of Azure's OpenAI API.
    private static readonly string[] Headers = ["X-Api-Key", "Api-Key"];

    /// <summary>Returns the API keys that a request sends.</summary>
    internal static IEnumerable<string> In(IHeaderDictionary headers)
    {
        if (headers.Authorization is [{ } authorization] && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            yield return authorization[Scheme.Length..].Trim();
        foreach (string name in Headers)
        {
            if (headers[name] is [{ } key])
                yield return key;
        }
    }
}
