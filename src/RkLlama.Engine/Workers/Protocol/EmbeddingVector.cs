using RkLlama.Native;

namespace RkLlama.Engine.Workers.Protocol;

/// <summary>Makes one vector of a text's hidden states.</summary>
internal static class EmbeddingVector
{
    /// <returns>A vector of length 1; of zeros where the model gave nothing else.</returns>
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
