namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Defines which pairs of adjacent symbols byte-pair encoding merges, and in which order. A symbol is a token id. Immutable after loading; safe for concurrent
/// use.
/// </summary>
internal abstract class MergeRules
{
    /// <summary>The result of <see cref="Find"/> if two symbols do not merge. It is greater than every other result.</summary>
    public const long None = long.MaxValue;

    /// <summary>
    /// Returns the merge of two adjacent symbols: its rank in the upper 32 bits, and the resulting symbol in the lower 32 bits. The merge with the lowest rank
    /// comes first. Returns <see cref="None"/> if the symbols do not merge. If <paramref name="guard"/> is true, no merge results in a control token.
    /// </summary>
    public abstract long Find(int left, int right, bool guard);

    public static int RankOf(long answer) => (int)(answer >> 32);

    public static int ResultOf(long answer) => (int)answer;
}
