namespace RkLlama.Server.Middleware;

/// <summary>
/// Corrects paths that clients build from a base URL that is not quite right, before routing: merges slashes, merges a doubled prefix of an API
/// (<c>/v1/v1/…</c>), and adds the prefix <c>/v1</c> to endpoints of the OpenAI API that have none. <c>/models</c> keeps its meaning, because it is an endpoint
/// of the RkLlama API.
/// </summary>
internal static class PathMiddleware
{
    private static readonly string[] Prefixes = ["/v1", "/api"];
    private static readonly string[] WithoutPrefix = ["/chat/completions", "/completions", "/embeddings", "/responses"];

    internal static Task OnRequestAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.Value is { } path && Correct(path) is { } corrected && corrected != path)
            context.Request.Path = corrected;
        return next(context);
    }

    /// <summary>Returns the corrected path. Time and memory are proportional to its length.</summary>
    internal static string Correct(string path)
    {
        string merged = path.Contains("//", StringComparison.Ordinal) ? MergeSlashes(path) : path;
        foreach (string prefix in Prefixes)
        {
            int start = 0;
            while (IsBelow(merged.AsSpan(start), prefix) && IsBelow(merged.AsSpan(start + prefix.Length), prefix))
                start += prefix.Length;
            merged = merged[start..];
        }

        return Array.Exists(WithoutPrefix, known => IsBelow(merged, known)) ? "/v1" + merged : merged;
    }

    /// <summary>Whether the path is the prefix, or continues it with a slash.</summary>
    private static bool IsBelow(ReadOnlySpan<char> path, string prefix) =>
        path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && (path.Length == prefix.Length || path[prefix.Length] == '/');

    private static string MergeSlashes(string path) => string.Create(MergedLength(path), path, static (merged, source) =>
    {
        int length = 0;
        for (int i = 0; i < source.Length; i++)
        {
            if (source[i] != '/' || i == 0 || source[i - 1] != '/')
                merged[length++] = source[i];
        }
    });

    private static int MergedLength(string path)
    {
        int length = path.Length;
        for (int i = 1; i < path.Length; i++)
        {
            if (path[i] == '/' && path[i - 1] == '/')
                length--;
        }

        return length;
    }
}
