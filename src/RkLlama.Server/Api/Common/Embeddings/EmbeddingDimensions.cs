using RkLlama.Engine.Workers.Protocol;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common.Embeddings;

internal static class EmbeddingDimensions
{
    /// <summary>Returns the first values of a vector, normalized to length 1 again. This is only useful for models that are trained for it.</summary>
    /// <param name="dimensions">Number of values to keep, at least 1; <see langword="null"/> to return the vector unchanged.</param>
    /// <exception cref="ApiException">Status 400: the vector has fewer than <paramref name="dimensions"/> values.</exception>
    internal static float[] Shorten(float[] vector, int? dimensions)
    {
        if (dimensions is not { } wanted || wanted == vector.Length)
            return vector;
        if (wanted > vector.Length)
            throw ApiException.BadRequest($"dimensions is {wanted}, but the model's vectors have {vector.Length}.", "dimensions");
        float[] shorter = vector[..wanted];
        EmbeddingVector.Normalize(shorter);
        return shorter;
    }
}
