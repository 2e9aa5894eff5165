namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>Which neighbouring symbols join, and which first. Immutable; safe for many threads at once.</summary>
internal abstract class MergeRules
{
    /// <summary>The answer for two symbols that do not join. Greater than every other answer.</summary>
    public const long None = long.MaxValue;

    /// <summary>
    /// The rank (upper half; lower joins first) and the resulting symbol (lower half) of two neighbours, or <see cref="None"/>.
    /// With <paramref name="guard"/> no join yields a special token.
    /// </summary>
    public abstract long Find(int left, int right, bool guard);

    public static int RankOf(long answer) => (int)(answer >> 32);

    public static int ResultOf(long answer) => (int)answer;
}
