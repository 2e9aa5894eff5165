using RkLlama.Prompts.Tokenizers.Text;

namespace RkLlama.Prompts.Tokenizers.Patterns;

/// <summary>
/// Runs a compiled expression on one text, by backtracking over code points. Counts the steps and throws a <see cref="TokenizerException"/> if they exceed
/// <see cref="PatternLimits.BaseSteps"/> plus <see cref="PatternLimits.StepsPerCharacter"/> per character, so that no text can block a thread.
/// </summary>
internal ref struct PatternMatcher
{
    private const int MaxReusedFrames = 4096;

    // One stack for each thread. A matcher takes it and returns it in Dispose, so that a second matcher on the same thread does not overwrite its frames.
    [ThreadStatic]
    private static Frame[]? t_frames;

    private readonly PatternInstruction[] _program;
    private readonly ReadOnlySpan<char> _text;
    private Frame[] _frames;
    private int _count;
    private long _stepsLeft;

    public PatternMatcher(PatternInstruction[] program, ReadOnlySpan<char> text)
    {
        _program = program;
        _text = text;
        _frames = t_frames ?? new Frame[64];
        t_frames = null;
        _stepsLeft = PatternLimits.BaseSteps + ((long)PatternLimits.StepsPerCharacter * text.Length);
    }

    /// <summary>
    /// An alternative for backtracking. If Floor is negative, the matcher continues with the instruction at the position. Otherwise, the instruction is a loop.
    /// A greedy loop may give back characters down to the position Floor. A lazy loop may take up to Floor more characters.
    /// </summary>
    private readonly record struct Frame(int Instruction, int Position, int Floor);

    /// <summary>Returns the end of the match that begins at <paramref name="start"/>; -1 if there is none.</summary>
    public int Match(int start)
    {
        _count = 0;
        return Run(0, start);
    }

    public readonly void Dispose()
    {
        if (_frames.Length <= MaxReusedFrames)
            t_frames = _frames;
    }

    private int Run(int instruction, int position)
    {
        int bottom = _count;
        while (true)
        {
            CountSteps(1);
            ref readonly PatternInstruction current = ref _program[instruction];
            bool matched = true;
            switch (current.Operation)
            {
                case PatternOperation.Accept:
                    _count = bottom;
                    return position;
                case PatternOperation.Set:
                    matched = TryConsume(current.Set!, ref position);
                    instruction++;
                    break;
                case PatternOperation.SetLoop:
                    matched = TryLoop(in current, instruction, ref position);
                    instruction++;
                    break;
                case PatternOperation.Fork when current.Set is { } first && !StartsWith(first, position):
                case PatternOperation.Jump:
                    instruction = current.Target;
                    break;
                case PatternOperation.Fork:
                    Push(new Frame(current.Target, position, -1));
                    instruction++;
                    break;
                case PatternOperation.ForkLazy:
                    Push(new Frame(instruction + 1, position, -1));
                    instruction = current.Target;
                    break;
                case PatternOperation.Atomic:
                    int end = Run(instruction + 1, position);
                    matched = end >= 0;
                    position = end;
                    instruction = current.Target;
                    break;
                case PatternOperation.LookAhead:
                    matched = (Run(instruction + 1, position) < 0) == (current.Min == 1);
                    instruction = current.Target;
                    break;
                case PatternOperation.Anchor:
                    matched = IsAt(current.Anchor, position);
                    instruction++;
                    break;
            }
            if (!matched && !TryBacktrack(bottom, out instruction, out position))
                return -1;
        }
    }

    /// <summary>
    /// Takes the newest alternative from the stack and returns where to continue. Ignores the first <paramref name="bottom"/> entries of the stack; returns
    /// false if there are no others.
    /// </summary>
    private bool TryBacktrack(int bottom, out int instruction, out int position)
    {
        while (_count > bottom)
        {
            Frame frame = _frames[--_count];
            instruction = frame.Instruction;
            position = frame.Position;
            if (frame.Floor < 0)
                return true;
            ref readonly PatternInstruction loop = ref _program[instruction++];
            if (loop.Mode == RepeatMode.Greedy)
            {
                CodePoints.Before(_text, position, out int length);
                position -= length;
                if (position > frame.Floor)
                    _frames[_count++] = frame with { Position = position };
                return true;
            }
            if (TryConsume(loop.Set!, ref position))
            {
                if (frame.Floor > 1)
                    _frames[_count++] = frame with { Position = position, Floor = frame.Floor - 1 };
                return true;
            }
        }
        instruction = position = 0;
        return false;
    }

    private bool TryLoop(in PatternInstruction loop, int instruction, ref int position)
    {
        CharacterSet set = loop.Set!;
        int taken = 0;
        while (taken < loop.Min)
        {
            if (!TryConsume(set, ref position))
                return false;
            taken++;
        }
        if (loop.Mode == RepeatMode.Lazy)
        {
            if (loop.Max > taken)
                Push(new Frame(instruction, position, loop.Max - taken));
            return true;
        }
        int floor = position;
        while (taken < loop.Max && TryConsume(set, ref position))
            taken++;
        CountSteps(position - floor);
        if (position > floor && loop.Mode == RepeatMode.Greedy)
            Push(new Frame(instruction, position, floor));
        return true;
    }

    private readonly bool TryConsume(CharacterSet set, ref int position)
    {
        if (position >= _text.Length)
            return false;
        char unit = _text[position];
        if (!char.IsSurrogate(unit))
        {
            if (!set.Contains(unit))
                return false;
            position++;
            return true;
        }
        if (!set.Contains(CodePoints.At(_text, position, out int length)))
            return false;
        position += length;
        return true;
    }

    private readonly bool StartsWith(CharacterSet set, int position) => TryConsume(set, ref position);

    private readonly bool IsAt(Anchor anchor, int position) => anchor switch
    {
        Anchor.TextStart => position == 0,
        Anchor.TextEnd => position == _text.Length,
        Anchor.LineStart => position == 0 || (position < _text.Length && _text[position - 1] == '\n'),
        _ => position == _text.Length || _text[position] == '\n',
    };

    private void Push(Frame frame)
    {
        if (_count == _frames.Length)
            Array.Resize(ref _frames, _count * 2);
        _frames[_count++] = frame;
    }

    private void CountSteps(int steps)
    {
        _stepsLeft -= steps;
        if (_stepsLeft < 0)
            throw new TokenizerException($"A pattern of the tokenizer needs too much work for a text of {_text.Length} characters.");
    }
}
