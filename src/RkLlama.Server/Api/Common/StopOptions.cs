using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Common;

/// <summary>The stop sequences of a request.</summary>
internal static class StopOptions
{
    /// <summary>Maximum length of all sequences together. The matcher needs one node per character, a hundred times as large as the character.</summary>
    internal const int MaxCharacters = 16 << 10;

    /// <exception cref="ApiException">Status 400: not strings, or too many characters.</exception>
    internal static IReadOnlyList<string> From(StringOrArray? stop)
    {
        if (stop is { HasTokens: true })
            throw JsonFields.Wrong("stop", StringOrArray.Expected);
        string[] stops = [.. (stop?.Texts ?? []).Where(static text => text.Length > 0)];
        return stops.Sum(static text => (long)text.Length) <= MaxCharacters
            ? stops
            : throw JsonFields.Wrong("stop", $"at most {MaxCharacters} characters in all its strings");
    }
}
