using System.Buffers;

namespace RkLlama.Output.Text;

/// <summary>Fixed strings for <see cref="LiteralMatcher"/>. Many matchers may share one set.</summary>
internal sealed class LiteralSet
{
    // Literals that begin in the same way are next to each other.
    private readonly string[] _sorted;
    private readonly SearchValues<char> _firstChars;

    /// <param name="literals">None is empty.</param>
    internal LiteralSet(params string[] literals)
    {
        _sorted = [.. literals];
        Array.Sort(_sorted, StringComparer.Ordinal);
        _firstChars = SearchValues.Create([.. literals.Select(static literal => literal[0])]);
    }

    /// <summary>The range of all literals.</summary>
    internal (int Start, int End) All => (0, _sorted.Length);

    /// <summary>The literals in their order.</summary>
    internal IReadOnlyList<string> Items => _sorted;

    internal string this[int index] => _sorted[index];

    internal bool CanStartWith(char c) => _firstChars.Contains(c);

    /// <summary>Returns the part of a range whose literals have this character at this position. Up to the position, all literals of the range are the same.</summary>
    internal (int Start, int End) Narrow((int Start, int End) range, int position, char c)
    {
        int start = Find(range, position, c);
        return (start, Find((start, range.End), position, c + 1));
    }

    /// <summary>Returns the first literal of the range whose character at the position is not less than this one.</summary>
    private int Find((int Start, int End) range, int position, int c)
    {
        (int low, int high) = range;
        while (low < high)
        {
            int middle = (low + high) / 2;
            string literal = _sorted[middle];
            if (position < literal.Length && literal[position] >= c)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
