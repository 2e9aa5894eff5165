namespace RkLlama.Output.Patterns;

/// <summary>Compiles the parts of a pattern to steps, from the end of the pattern to its start. Used for one pattern.</summary>
internal sealed class PatternCompiler
{
    private readonly List<PatternStep> _steps = [new(PatternStepKind.Match, 0, 0, null)];

    private PatternCompiler()
    {
    }

    /// <returns>The steps, and the index of the first one.</returns>
    internal static (PatternStep[] Steps, int Start) Compile(PatternNode root)
    {
        PatternCompiler compiler = new();
        int start = compiler.Add(root, 0);
        return ([.. compiler._steps], start);
    }

    /// <param name="next">The step after the part.</param>
    /// <returns>The first step of the part.</returns>
    private int Add(PatternNode node, int next)
    {
        switch (node)
        {
            case CharacterNode character:
                return Add(new PatternStep(PatternStepKind.Character, next, 0, character.Set));
            case LiteralNode { CodePoint: var codePoint }:
                return Add(new PatternStep(PatternStepKind.Character, next, codePoint, null));
            case AssertionNode { Assertion: var assertion }:
                return Add(new PatternStep(PatternStepKind.Assertion, next, (int)assertion, null));
            case SequenceNode { Parts: var parts }:
                for (int i = parts.Count - 1; i >= 0; i--)
                    next = Add(parts[i], next);
                return next;
            case ChoiceNode { Alternatives: var alternatives }:
                int choice = Add(alternatives[^1], next);
                for (int i = alternatives.Count - 2; i >= 0; i--)
                    choice = Add(new PatternStep(PatternStepKind.Split, Add(alternatives[i], next), choice, null));
                return choice;
            case RepeatNode repeat:
                return AddRepetition(repeat, next);
            default:
                throw new InvalidOperationException();
        }
    }

    private int AddRepetition(RepeatNode repeat, int next)
    {
        int first = next;
        if (repeat.Max is { } max)
        {
            for (int i = repeat.Min; i < max; i++)
                first = Add(new PatternStep(PatternStepKind.Split, Add(repeat.Part, first), next, null));
        }
        else
        {
            first = Add(new PatternStep(PatternStepKind.Split, next, next, null));
            int body = Add(repeat.Part, first);
            _steps[first] = new(PatternStepKind.Split, body, next, null);
        }

        for (int i = 0; i < repeat.Min; i++)
            first = Add(repeat.Part, first);
        return first;
    }

    private int Add(PatternStep step)
    {
        _steps.Add(step);
        return _steps.Count - 1;
    }
}

/// <summary>A step of a compiled pattern.</summary>
/// <param name="Next">The index of the next step.</param>
/// <param name="Other">The index of the other next step of a split; the assertion of an assertion; the code point of a single character.</param>
/// <param name="Set">The characters that the step can read; <see langword="null"/> for a single character.</param>
internal readonly record struct PatternStep(PatternStepKind Kind, int Next, int Other, CharacterSet? Set)
{
    /// <summary>Whether a step of the kind <see cref="PatternStepKind.Character"/> reads this character.</summary>
    internal bool Reads(int codePoint) => Set?.Contains(codePoint) ?? Other == codePoint;
}

internal enum PatternStepKind
{
    /// <summary>The end of the pattern.</summary>
    Match,

    /// <summary>Reads one character.</summary>
    Character,

    /// <summary>Goes to two steps.</summary>
    Split,

    /// <summary>Goes on if the position fulfils a condition.</summary>
    Assertion,
}
