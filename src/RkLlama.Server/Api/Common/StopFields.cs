using System.Text.Json;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

/// <summary>The stop sequences of a request.</summary>
internal static class StopFields
{
    /// <summary>Of all of them together: what finds them has a node for each character, which is a hundred times as large.</summary>
    internal const int MostCharacters = 16 << 10;

    /// <exception cref="ApiException">Status 400: no strings, or too many characters.</exception>
    internal static IReadOnlyList<string> Stops(this JsonElement owner)
    {
        string[] stops = [.. owner.Texts("stop").Where(static stop => stop.Length > 0)];
        return stops.Sum(static stop => (long)stop.Length) <= MostCharacters
            ? stops
            : throw JsonFields.Wrong("stop", $"at most {MostCharacters} characters in all its strings");
    }
}
