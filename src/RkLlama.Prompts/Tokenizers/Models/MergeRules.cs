namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>Defines which adjacent symbols merge, and in which order. Immutable; safe for concurrent use.</summary>
internal abstract class MergeRules
{
    /// <summary>The result if two symbols do not merge. Greater than every other result.</summary>
    public const long None = long.MaxValue;

    /// <summary>
    /// Returns the rank (upper 32 bits; lower ranks merge first) and the resulting symbol (lower 32 bits) of two adjacent symbols, or <see cref="None"/>. With <paramref name="guard"/>, no merge results in a special token.
    /// </summary>
    public abstract long Find(int left, int right, bool guard);

    public static int RankOf(long answer) => (int)(answer >> 32);

    public static int ResultOf(long answer) => (int)answer;
}
