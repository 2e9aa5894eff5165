using System.Text;

namespace RkLlama.Output.Patterns;

/// <summary>
/// A compiled regular expression. All ways through the pattern are followed at the same time, so a match needs at most <see cref="Size"/> steps for each
/// character, whatever the pattern and the text are, and no memory besides that of the pattern. It can be stopped at any step. Matches code points. Not
/// thread-safe: one match at a time.
/// </summary>
internal sealed class Pattern
{
    /// <summary>The maximum number of steps of a pattern.</summary>
    internal const int MaxSize = 10_000;

    // The number of steps between two calls of the check: well below a millisecond.
    private const int StepsPerCheck = 4096;

    private readonly PatternStep[] _steps;
    private readonly int _start;

    // The steps at which the ways are, before the present character and after it. These arrays are empty before the first match.
    private int[] _current = [];
    private int[] _next = [];
    private int _nextCount;

    // The steps whose successors are still to be found. A step adds two of them at most, and only once for each position.
    private int[] _stack = [];

    // For each step, the position at which it was added last.
    private int[] _added = [];
    private int _work;

    private Pattern(PatternStep[] steps, int start) => (_steps, _start) = (steps, start);

    /// <summary>The number of steps.</summary>
    internal int Size => _steps.Length;

    /// <exception cref="PatternException">The text is no regular expression, or the pattern is too large.</exception>
    internal static Pattern Compile(string text)
    {
        PatternNode root = PatternParser.Parse(text);
        if (root.Size > MaxSize)
            throw new PatternException("is too large: it repeats too many parts too often");
        (PatternStep[] steps, int start) = PatternCompiler.Compile(root);
        return new(steps, start);
    }

    /// <summary>Whether a part of the text matches the pattern.</summary>
    /// <param name="check">Called again and again during a long match. Throws to stop it.</param>
    internal bool IsMatch(string text, Action check)
    {
        if (_added.Length == 0)
            (_current, _next, _stack, _added) = (new int[Size], new int[Size], new int[(2 * Size) + 1], new int[Size]);
        Array.Fill(_added, -1);
        (_nextCount, _work) = (0, 0);
        int before = -1;
        for (int at = 0, position = 0; ; position++)
        {
            int count = _nextCount;
            (_current, _next) = (_next, _current);
            int character = at < text.Length ? CodePointAt(text, at) : -1;

            // The ways that are at this position, and one that starts here.
            Place place = new(before, character, IsLast: at + 1 == text.Length);
            _nextCount = 0;
            for (int i = 0; i < count; i++)
            {
                if (Follow(_current[i], position, place))
                    return true;
            }

            if (Follow(_start, position, place))
                return true;
            if (character < 0)
                return false;

            int kept = 0;
            for (int i = 0; i < _nextCount; i++)
            {
                PatternStep step = _steps[_next[i]];
                if (step.Reads(character))
                    _next[kept++] = step.Next;
            }

            _work += _nextCount + 1;
            _nextCount = kept;
            if (_work >= StepsPerCheck)
            {
                _work = 0;
                check();
            }

            before = character;
            at += character > char.MaxValue ? 2 : 1;
        }
    }

    /// <summary>Adds the steps that read a character and can be reached from a step without one.</summary>
    /// <returns>Whether the end of the pattern can be reached.</returns>
    private bool Follow(int step, int position, Place place)
    {
        int depth = 0;
        _stack[depth++] = step;
        while (depth > 0)
        {
            int index = _stack[--depth];
            if (_added[index] == position)
                continue;
            _added[index] = position;
            _work++;
            PatternStep found = _steps[index];
            switch (found.Kind)
            {
                case PatternStepKind.Match:
                    return true;
                case PatternStepKind.Character:
                    _next[_nextCount++] = index;
                    break;
                case PatternStepKind.Split:
                    _stack[depth++] = found.Other;
                    _stack[depth++] = found.Next;
                    break;
                case PatternStepKind.Assertion when place.Fulfils((PatternAssertion)found.Other):
                    _stack[depth++] = found.Next;
                    break;
            }
        }

        return false;
    }

    // Half of a surrogate pair counts as a character of its own.
    private static int CodePointAt(string text, int at) => Rune.TryGetRuneAt(text, at, out Rune rune) ? rune.Value : text[at];

    /// <summary>A position in the text.</summary>
    /// <param name="Before">The character before it; −1 at the start of the text.</param>
    /// <param name="After">The character after it; −1 at the end of the text.</param>
    /// <param name="IsLast">Whether that character is the last one.</param>
    private readonly record struct Place(int Before, int After, bool IsLast)
    {
        internal bool Fulfils(PatternAssertion assertion) => assertion switch
        {
            PatternAssertion.StartOfText => Before < 0,
            PatternAssertion.EndOfText => After < 0,
            PatternAssertion.EndOfTextOrLastLine => After < 0 || (After == '\n' && IsLast),
            PatternAssertion.StartOfLine => Before is < 0 or '\n',
            PatternAssertion.EndOfLine => After is < 0 or '\n',
            PatternAssertion.WordBoundary => IsBoundary,
            _ => !IsBoundary,
        };

        private bool IsBoundary => (Before >= 0 && CharacterSet.IsWordCharacter(Before)) != (After >= 0 && CharacterSet.IsWordCharacter(After));
    }
}
