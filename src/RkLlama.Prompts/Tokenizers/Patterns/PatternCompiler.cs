namespace RkLlama.Prompts.Tokenizers.Patterns;

internal enum PatternOperation
{
    /// <summary>Consumes one code point, which must be in Set.</summary>
    Set,

    /// <summary>Consumes Min to Max code points, which must be in Set. Mode defines how this backtracks.</summary>
    SetLoop,

    /// <summary>
    /// Continues with the next instruction, and pushes Target as the alternative for backtracking. But if Set is not null and does not contain the next code
    /// point, jumps to Target.
    /// </summary>
    Fork,

    /// <summary>Jumps to Target, and pushes the next instruction as the alternative for backtracking.</summary>
    ForkLazy,

    Jump,

    /// <summary>
    /// Runs the following instructions up to Accept, then jumps to Target and continues at the text position that they reached. Later backtracking does not
    /// return into these instructions.
    /// </summary>
    Atomic,

    /// <summary>Like Atomic, but continues at the text position before these instructions. Min is 1 for a negative look-ahead, otherwise 0.</summary>
    LookAhead,

    Anchor,

    Accept,
}

internal readonly record struct PatternInstruction(PatternOperation Operation)
{
    public CharacterSet? Set { get; init; }

    public int Target { get; init; }

    public int Min { get; init; }

    public int Max { get; init; }

    public RepeatMode Mode { get; init; }

    public Anchor Anchor { get; init; }
}

/// <summary>Compiles the syntax tree of a regular expression to instructions for <see cref="PatternMatcher"/>.</summary>
internal sealed class PatternCompiler
{
    private readonly List<PatternInstruction> _program = [];
    private int _visitedNodes;

    public static PatternInstruction[] Compile(PatternNode root)
    {
        var compiler = new PatternCompiler();
        compiler.Emit(root);
        compiler.Add(new PatternInstruction(PatternOperation.Accept));
        return [.. compiler._program];
    }

    /// <summary>
    /// Returns a set that contains the first code point of every match of <paramref name="node"/>; null if a match may be empty or the set is unknown.
    /// </summary>
    public static CharacterSet? FirstOf(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.Set set:
                return set.Members;
            case PatternNode.Atomic atomic:
                return FirstOf(atomic.Body);
            case PatternNode.Repeat { Min: > 0 } repeat:
                return FirstOf(repeat.Body);
            case PatternNode.Alternation alternation:
                return alternation.Branches.Select(FirstOf).Aggregate((a, b) => a is null || b is null ? null : a.Union(b));
            case PatternNode.Sequence sequence:
                return FirstOfSequence(sequence);
            default:
                return null;
        }
    }

    private static CharacterSet? FirstOfSequence(PatternNode.Sequence sequence)
    {
        CharacterSet first = CharacterSet.Empty;
        foreach (PatternNode part in sequence.Parts)
        {
            if (FirstOf(part) is { } own)
                return first.Union(own);
            if (part is not PatternNode.Repeat repeat || FirstOf(repeat.Body) is not { } optional)
                return null;
            first = first.Union(optional);
        }
        return null;
    }

    private void Emit(PatternNode node)
    {
        if (++_visitedNodes > PatternLimits.MaxVisitedNodes)
            throw TokenizerException.Unsupported("a pattern whose repeat counts multiply to too many parts");
        switch (node)
        {
            case PatternNode.Set set:
                Add(new PatternInstruction(PatternOperation.Set) { Set = set.Members });
                break;
            case PatternNode.Sequence sequence:
                foreach (PatternNode part in sequence.Parts)
                    Emit(part);
                break;
            case PatternNode.Alternation alternation:
                EmitAlternation(alternation.Branches);
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case PatternNode.LookAhead look:
                EmitApart(new PatternInstruction(PatternOperation.LookAhead) { Min = look.Negative ? 1 : 0 }, look.Body);
                break;
            case PatternNode.Atomic atomic:
                EmitApart(new PatternInstruction(PatternOperation.Atomic), atomic.Body);
                break;
            case PatternNode.At at:
                Add(new PatternInstruction(PatternOperation.Anchor) { Anchor = at.Anchor });
                break;
            default:
                throw new InvalidOperationException($"No instructions for {node.GetType().Name}.");
        }
    }

    private void EmitAlternation(IReadOnlyList<PatternNode> branches)
    {
        var exits = new List<int>();
        for (int i = 0; i < branches.Count - 1; i++)
        {
            int fork = Add(default);
            Emit(branches[i]);
            exits.Add(Add(default));
            _program[fork] = new PatternInstruction(PatternOperation.Fork) { Set = FirstOf(branches[i]), Target = _program.Count };
        }
        Emit(branches[^1]);
        foreach (int exit in exits)
            _program[exit] = new PatternInstruction(PatternOperation.Jump) { Target = _program.Count };
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        if (repeat.Body is PatternNode.Set set)
        {
            Add(new PatternInstruction(PatternOperation.SetLoop)
            {
                Set = set.Members,
                Min = repeat.Min,
                Max = repeat.Max,
                Mode = repeat.Mode,
            });
            return;
        }
        if (repeat.Mode == RepeatMode.Possessive)
        {
            EmitApart(new PatternInstruction(PatternOperation.Atomic), repeat with { Mode = RepeatMode.Greedy });
            return;
        }
        for (int i = 0; i < repeat.Min; i++)
            Emit(repeat.Body);
        PatternOperation fork = repeat.Mode == RepeatMode.Lazy ? PatternOperation.ForkLazy : PatternOperation.Fork;
        if (repeat.Max == PatternNode.Repeat.Unbounded)
            EmitLoop(repeat.Body, fork);
        else
            EmitOptional(repeat.Body, fork, repeat.Max - repeat.Min);
    }

    private void EmitLoop(PatternNode body, PatternOperation fork)
    {
        // If the set is null, the body may match the empty string, and the loop might not end.
        CharacterSet first = FirstOf(body) ?? throw TokenizerException.Unsupported("a pattern that repeats a part which may be empty");
        int start = Add(default);
        Emit(body);
        Add(new PatternInstruction(PatternOperation.Jump) { Target = start });
        _program[start] = new PatternInstruction(fork) { Set = first, Target = _program.Count };
    }

    private void EmitOptional(PatternNode body, PatternOperation fork, int count)
    {
        var forks = new List<int>();
        for (int i = 0; i < count; i++)
        {
            forks.Add(Add(default));
            Emit(body);
        }
        foreach (int index in forks)
            _program[index] = new PatternInstruction(fork) { Target = _program.Count };
    }

    private void EmitApart(PatternInstruction instruction, PatternNode body)
    {
        int index = Add(instruction);
        Emit(body);
        Add(new PatternInstruction(PatternOperation.Accept));
        _program[index] = instruction with { Target = _program.Count };
    }

    private int Add(PatternInstruction instruction)
    {
        if (_program.Count >= PatternLimits.MaxInstructions)
            throw TokenizerException.Unsupported($"a pattern of more than {PatternLimits.MaxInstructions} instructions");
        _program.Add(instruction);
        return _program.Count - 1;
    }
}
