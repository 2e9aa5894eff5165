using System.Globalization;

namespace RkLlama.Output.StructuredJson;

/// <summary>
/// Estimates how long one step of a match of a regular expression takes. Without backtracking, .NET builds an automaton whose states grow with the number of
/// loops that can be active at the same time: loops without an upper bound, and the copies of a group with a count. Other parts of a pattern cost little.
/// </summary>
internal sealed class PatternSize
{
    /// <summary>The maximum size. The most expensive pattern of this size needs about 100 ms of processor time for one step.</summary>
    internal const int Max = 640;

    // The weight of * and + and {n,}; a part inside of a counted group has the weight 1.
    private const int Unbounded = 10;
    private const int MaxDepth = 100;
    private const long Huge = int.MaxValue;

    private readonly string _text;
    private int _at;

    private PatternSize(string text) => _text = text;

    /// <summary>Returns the size; at most <see cref="int.MaxValue"/>. If the pattern is no regular expression, the size is meaningless.</summary>
    internal static long Of(string pattern)
    {
        PatternSize size = new(pattern);
        long total = 0;
        while (size._at < pattern.Length)
        {
            total = Math.Min(Huge, total + size.Alternatives(0).Loops);
            size._at++; // a closing bracket that was never opened
        }

        return total;
    }

    /// <summary>Reads up to the end of the group.</summary>
    /// <returns>The size if the group is not repeated, and its size if it is.</returns>
    private (long Loops, long Parts) Alternatives(int depth)
    {
        long loops = 0, parts = 0;
        while (_at < _text.Length && _text[_at] != ')')
        {
            (long loopsOfPart, long partsOfPart) = Part(depth);
            (loops, parts) = (Math.Min(Huge, loops + loopsOfPart), Math.Min(Huge, parts + partsOfPart));
        }

        return (loops, parts);
    }

    private (long Loops, long Parts) Part(int depth)
    {
        bool isGroup = _text[_at] == '(';
        (long loops, long parts) = (0, 1);
        if (isGroup && depth < MaxDepth)
        {
            _at++;
            (loops, parts) = Alternatives(depth + 1);
            _at++;
        }
        else if (_text[_at] == '[')
        {
            SkipClass();
        }
        else
        {
            _at += _text[_at] == '\\' ? 2 : 1;
        }

        (long count, bool isUnbounded) = Quantifier();
        if (isUnbounded)
            return (loops + Unbounded, Math.Min(Huge, (parts * count) + Unbounded));
        long copies = Math.Min(Huge, parts * count);
        return (isGroup && count > 1 ? copies : loops, copies);
    }

    private void SkipClass()
    {
        _at += _at + 1 < _text.Length && _text[_at + 1] == '^' ? 2 : 1;
        for (bool isFirst = true; _at < _text.Length && (_text[_at] != ']' || isFirst); isFirst = false)
            _at += _text[_at] == '\\' ? 2 : 1;
        _at++;
    }

    /// <summary>Reads what follows a part: how often it is repeated at most, or, without an upper bound, at least.</summary>
    private (long Count, bool IsUnbounded) Quantifier()
    {
        if (_at >= _text.Length)
            return (1, false);
        if (_text[_at] is '*' or '+' or '?')
            return (1, _text[_at++] is '*' or '+');
        int end = _text[_at] == '{' ? _text.IndexOf('}', _at) : -1;
        if (end < 0)
            return (1, false);
        string[] bounds = _text[(_at + 1)..end].Split(',');
        if (bounds.Length > 2 || !Array.TrueForAll(bounds, static bound => bound.All(char.IsAsciiDigit)) || bounds[0].Length == 0)
            return (1, false);
        _at = end + 1;
        bool isUnbounded = bounds is [_, ""];
        string last = isUnbounded ? bounds[0] : bounds[^1];
        return (last.Length > 9 ? Huge : int.Parse(last, CultureInfo.InvariantCulture), isUnbounded);
    }
}
