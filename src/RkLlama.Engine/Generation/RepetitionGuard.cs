namespace RkLlama.Engine.Generation;

/// <summary>
/// Notices an answer that has run into a loop: the last tokens are one phrase of up to <see cref="LongestPhrase"/> tokens, over and over.
/// One per answer.
/// </summary>
/// <param name="times">How often the phrase may stand in a row, 2 or more; one time more is a loop.</param>
/// <param name="report">Hears of the loop: the length of the phrase in tokens.</param>
internal sealed class RepetitionGuard(int times, Action<int>? report = null)
{
    internal const int LongestPhrase = 64;

    // A ring of the last tokens, and for each length of a phrase how many tokens in a row have equalled the one a phrase before.
    private readonly int[] _last = new int[LongestPhrase];
    private readonly int[] _matches = new int[LongestPhrase + 1];
    private int _count;

    /// <summary>Takes the next token of the answer.</summary>
    /// <returns>Whether it completes one repetition too many.</returns>
    internal bool Repeats(int token)
    {
        int phrase = 0;
        for (int length = 1; length <= Math.Min(LongestPhrase, _count); length++)
        {
            _matches[length] = _last[(_count - length) % LongestPhrase] == token ? _matches[length] + 1 : 0;
            if (phrase == 0 && _matches[length] >= length * times)
                phrase = length;
        }

        _last[_count % LongestPhrase] = token;
        _count++;
        if (phrase > 0)
            report?.Invoke(phrase);
        return phrase > 0;
    }
}
