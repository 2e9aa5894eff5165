using RkLlama.Native;

namespace RkLlama.Engine.Workers.Protocol;

/// <summary>Converts the hidden states of a text into one embedding.</summary>
internal static class EmbeddingVector
{
    /// <param name="isMean">True for the mean over all tokens, false for the last token.</param>
    /// <returns>A vector with one value per hidden dimension, normalized to length 1. All values are zero if the hidden states are.</returns>
    internal static float[] Of(HiddenStates states, bool isMean)
    {
        float[] vector = new float[states.Width];
        for (int token = isMean ? 0 : states.TokenCount - 1; token < states.TokenCount; token++)
        {
            for (int i = 0; i < vector.Length; i++)
                vector[i] += states.Values[(token * states.Width) + i];
        }

        Normalize(vector);
        return vector;
    }

    /// <summary>Scales a vector to length 1. Leaves a vector of zeros unchanged.</summary>
    internal static void Normalize(Span<float> vector)
    {
        double squares = 0;
        foreach (float value in vector)
            squares += (double)value * value;
        double length = Math.Sqrt(squares);
        if (length == 0)
            return;
        for (int i = 0; i < vector.Length; i++)
            vector[i] = (float)(vector[i] / length);
    }
}
