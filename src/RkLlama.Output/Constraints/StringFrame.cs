namespace RkLlama.Output.Constraints;

/// <summary>A place in a string that is a value.</summary>
internal sealed class StringFrame : Frame
{
    private readonly StringNode _node;

    // The length so far, in Unicode characters.
    private readonly int _length;

    // See EscapeAfter.
    private readonly int _escape;
    private readonly int _unit;
    private readonly bool _needsLowHalf;

    internal StringFrame(StringNode node, Frame parent)
        : this(node, parent, 0)
    {
    }

    private StringFrame(StringNode node, Frame parent, int length, int escape = 0, int unit = 0, bool needsLowHalf = false)
        : base(parent) => (_node, _length, _escape, _unit, _needsLowHalf) = (node, length, escape, unit, needsLowHalf);

    internal override bool IsTentative => _escape > 0 || _needsLowHalf;

    internal bool IsFull => _length >= _node.Max;

    internal override IEnumerable<string> Openings => IsTentative ? [] : _length < _node.Min ? [" "] : ["\""];

    internal override void Step(char c, List<Frame> next)
    {
        if (_escape > 1)
            StepDigit(c, next);
        else if (_escape == 1)
            StepEscape(c, next);
        else if (c == '\\' && (!IsFull || _needsLowHalf))
            next.Add(new StringFrame(_node, Parent!, _length, 1, 0, _needsLowHalf));
        else if (_needsLowHalf)
            return;
        else if (c == '"' && _length >= _node.Min)
            next.Add(Parent!);
        else if (char.IsLowSurrogate(c))
            next.Add(new StringFrame(_node, Parent!, _length));
        else if (c is not '"' and >= ' ' && !IsFull)
            next.Add(new StringFrame(_node, Parent!, _length + 1));
    }

    private void StepEscape(char c, List<Frame> next)
    {
        if (EscapeAfter(_escape, c) is not { } after)
            return;
        if (after > 0)
            next.Add(new StringFrame(_node, Parent!, _length, after, 0, _needsLowHalf));
        else if (!_needsLowHalf)
            next.Add(new StringFrame(_node, Parent!, _length + 1));
    }

    private void StepDigit(char c, List<Frame> next)
    {
        if (EscapeAfter(_escape, c) is not { } after)
            return;
        int unit = (_unit << 4) | (char.IsAsciiDigit(c) ? c - '0' : char.ToLowerInvariant(c) - 'a' + 10);
        if (after > 0)
        {
            next.Add(new StringFrame(_node, Parent!, _length, after, unit, _needsLowHalf));
            return;
        }

        // Half of a surrogate pair is not valid Unicode.
        if (char.IsLowSurrogate((char)unit) == _needsLowHalf)
            next.Add(new StringFrame(_node, Parent!, _needsLowHalf ? _length : _length + 1, needsLowHalf: char.IsHighSurrogate((char)unit)));
    }
}
