namespace RkLlama.Output.Constraints;

/// <summary>A place in an array, outside of its items.</summary>
internal sealed class ArrayFrame : Frame
{
    private readonly ArrayNode _node;
    private readonly int _count;
    private readonly int _space;
    private readonly Phase _phase;

    internal ArrayFrame(ArrayNode node, Frame parent)
        : this(node, parent, 0, Phase.Open)
    {
    }

    private ArrayFrame(ArrayNode node, Frame parent, int count, Phase phase, int space = 0)
        : base(parent) => (_node, _count, _phase, _space) = (node, count, phase, space);

    private enum Phase
    {
        Open,
        AfterComma,
        AfterItem,
    }

    /// <summary>Whether no comma can come next, but an item can.</summary>
    internal bool ExpectsItem => _phase != Phase.AfterItem;

    internal bool CanContinue => _count < _node.Max;

    internal override bool IsTentative => _phase == Phase.AfterComma;

    /// <summary>What the next item may be.</summary>
    internal ValueNode Item => _node.ItemAt(_count);

    internal bool CanClose => _count >= _node.Min;

    internal override IEnumerable<string> Openings
    {
        get
        {
            if (CanClose && _phase != Phase.AfterComma)
                return ["]"];
            string comma = _phase == Phase.AfterItem ? "," : "";
            return ValueFrame.OpeningsOf(_node.ItemAt(_count)).Select(opening => comma + opening);
        }
    }

    internal override IEnumerable<string> Literals => _phase == Phase.AfterItem || !CanContinue ? [] : ValueFrame.LiteralsOf(_node.ItemAt(_count));

    internal override void Step(char c, List<Frame> next)
    {
        if (AllowsSpace(c, _space))
            next.Add(new ArrayFrame(_node, Parent!, _count, _phase, _space + 1));
        else if (c == ']' && CanClose && _phase != Phase.AfterComma)
            next.Add(Parent!);
        else if (_phase == Phase.AfterItem && c == ',' && CanContinue)
            next.Add(new ArrayFrame(_node, Parent!, _count, Phase.AfterComma));
        else if (_phase != Phase.AfterItem && CanContinue)
            ValueFrame.Start(_node.ItemAt(_count), new ArrayFrame(_node, Parent!, _count + 1, Phase.AfterItem), c, next);
    }
}
