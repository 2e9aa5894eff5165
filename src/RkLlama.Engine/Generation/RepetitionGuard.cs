namespace RkLlama.Engine.Generation;

/// <summary>
/// Detects a loop in the output: the output ends with repetitions of one phrase of at most <see cref="MaxPhraseTokens"/> tokens. Each turn has its own
/// instance. Used by one task.
/// </summary>
/// <param name="times">How many times in a row a phrase may occur, at least 1. If it occurs once more, that is a loop.</param>
/// <param name="report">Called when a loop is detected, with the length of the phrase in tokens.</param>
internal sealed class RepetitionGuard(int times, Action<int>? report = null)
{
    internal const int MaxPhraseTokens = 64;

    // A ring buffer of the last tokens.
    private readonly int[] _last = new int[MaxPhraseTokens];

    // For each phrase length n: how many of the last tokens in a row are equal to the token n positions earlier.
    private readonly int[] _matches = new int[MaxPhraseTokens + 1];
    private int _count;

    /// <summary>Adds the id of the next token of the output.</summary>
    /// <returns>Whether this token completes a loop.</returns>
    internal bool AddAndDetectLoop(int token)
    {
        int phrase = 0;
        for (int length = 1; length <= Math.Min(MaxPhraseTokens, _count); length++)
        {
            _matches[length] = _last[(_count - length) % MaxPhraseTokens] == token ? _matches[length] + 1 : 0;
            if (phrase == 0 && _matches[length] >= length * times)
                phrase = length;
        }

        _last[_count % MaxPhraseTokens] = token;
        _count++;
        if (phrase > 0)
            report?.Invoke(phrase);
        return phrase > 0;
    }
}
