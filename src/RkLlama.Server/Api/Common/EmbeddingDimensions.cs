using RkLlama.Engine.Workers.Protocol;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.Common;

internal static class EmbeddingDimensions
{
    /// <summary>The first values of a vector, scaled to length 1 again: for models that were trained to allow it.</summary>
    /// <param name="dimensions"><see langword="null"/> for all.</param>
    /// <exception cref="ApiException">400: the model has fewer.</exception>
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
