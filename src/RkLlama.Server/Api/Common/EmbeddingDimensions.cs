using RkLlama.Engine.Workers.Protocol;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Api.Common;

internal static class EmbeddingDimensions
{
    /// <summary>Shortens a vector to its first values and normalizes it to length 1 again. Only useful for models that are trained for it.</summary>
    /// <param name="dimensions">Number of values to keep; <see langword="null"/> for all.</param>
    /// <exception cref="ApiException">Status 400: the model's vectors have fewer values.</exception>
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
