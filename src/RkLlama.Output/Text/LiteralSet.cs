using System.Buffers;

namespace RkLlama.Output.Text;

/// <summary>Fixed strings for <see cref="LiteralMatcher"/>. Many matchers may share one set.</summary>
/// <param name="literals">None is empty.</param>
internal sealed class LiteralSet(params string[] literals)
{
    // An index of a small set costs more than it saves.
    private const int MinIndexed = 16;

    private readonly SearchValues<char> _firstChars = SearchValues.Create([.. literals.Select(static literal => literal[0])]);

    private readonly Dictionary<char, string[]>? _byFirstChar =
        literals.Length < MinIndexed ? null : literals.GroupBy(static literal => literal[0]).ToDictionary(static group => group.Key, static group => group.ToArray());

    internal bool CanStartWith(char c) => _firstChars.Contains(c);

    /// <summary>Returns at least all literals that start with this character.</summary>
    internal string[] StartingWith(char c)
    {
        if (_byFirstChar is null)
            return literals;
        return _byFirstChar.TryGetValue(c, out string[]? found) ? found : [];
    }
}
