using RkLlama.Native;

namespace RkLlama.Engine.Workers.Protocol;

/// <summary>Converts the hidden states of a text into one embedding.</summary>
internal static class EmbeddingVector
{
    /// <param name="isMean">True for the mean of the hidden states of all tokens, false for the hidden state of the last token.</param>
    /// <returns>One value per hidden dimension, normalized to length 1. If the hidden states are zero, all values are zero.</returns>
    internal static float[] Of(HiddenStates states, bool isMean)
    {
        float[] vector = new float[states.Width];
        for (int token = isMean ? 0 : states.TokenCount - 1; token < states.TokenCount; token++)
        {
            for (int i = 0; i < vector.Length; i++)
                vector[i] += states.Values[(token * states.Width) + i];
        }

        // The sum is enough: the mean has the same direction, and so the same normalized vector.
        Normalize(vector);
        return vector;
    }

    /// <summary>Scales a vector to length 1 (Euclidean norm). Leaves a vector of zeros unchanged.</summary>
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
