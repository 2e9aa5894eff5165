using RkLlama.Engine.Generation;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Embeddings;

internal static class EmbeddingInput
{
    /// <summary>The maximum number of texts in one request, as in the OpenAI API.</summary>
    internal const int MaxTexts = 2048;

    /// <summary>Checks the number of texts.</summary>
    /// <exception cref="ApiException">Status 400: there are more than <see cref="MaxTexts"/> texts.</exception>
    internal static IReadOnlyList<TextOrTokens> Check(IReadOnlyList<TextOrTokens> texts) => texts.Count <= MaxTexts
        ? texts
        : throw ApiException.BadRequest($"input has {texts.Count} texts; at most {MaxTexts} are allowed in one request.", "input");
}
