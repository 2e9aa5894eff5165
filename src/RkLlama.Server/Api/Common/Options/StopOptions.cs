using RkLlama.Server.Api.Common.Fields;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.Common.Options;

/// <summary>Reads the stop sequences of a request.</summary>
internal static class StopOptions
{
    /// <summary>Maximum number of stop sequences. Clients for role play send some dozens: the names of all persons.</summary>
    internal const int MaxSequences = 64;

    /// <summary>
    /// Maximum number of characters in all stop sequences together. It limits memory: the matcher needs about a hundred times as many bytes as the sequences.
    /// </summary>
    internal const int MaxCharacters = 16 << 10;

    /// <param name="name">Name of the field, for error messages.</param>
    /// <returns>The sequences that are not empty.</returns>
    /// <exception cref="ApiException">
    /// Status 400: an item is not a string, there are more than <see cref="MaxSequences"/> sequences, or they have more than <see cref="MaxCharacters"/>
    /// characters.
    /// </exception>
    internal static IReadOnlyList<string> From(StringOrArray? stop, string name = "stop")
    {
        if (stop is { HasTokens: true })
            throw JsonFields.Wrong(name, StringOrArray.Expected);
        string[] stops = [.. (stop?.Texts ?? []).Where(static text => text.Length > 0)];
        if (stops.Length > MaxSequences)
            throw JsonFields.Wrong(name, $"at most {MaxSequences} strings");
        return stops.Sum(static text => (long)text.Length) <= MaxCharacters
            ? stops
            : throw JsonFields.Wrong(name, $"at most {MaxCharacters} characters in all its strings");
    }
}
