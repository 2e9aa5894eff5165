namespace RkLlama.Prompts.Jinja.Values;

/// <summary>
/// The variable <c>loop</c>: the state of a loop. It reads items ahead only if the template uses a property that needs them, such as <c>loop.last</c>.
/// </summary>
/// <param name="length">The number of items, if it is known without iterating; otherwise null.</param>
/// <param name="depth">The depth of the recursion: 0 for the outermost loop, 1 for the same loop called from its body, and so on.</param>
/// <param name="recurse">Runs the loop again over the given value and returns the output; null if the loop is not recursive.</param>
internal sealed class LoopValue(IEnumerator<Value> items, int? length, int depth, Func<Value, Value>? recurse) : Value
{
    private readonly Queue<Value> _ahead = new();
    private int _index = -1;
    private Value? _previous;
    private Value? _current;
    private TupleValue? _lastChanged;

    public override string TypeName => "LoopContext";

    public override int? Length => CountItems();

    public override bool IsCallable => true;

    public Value Current => _current!;

    /// <summary>Moves to the next item; returns false if there is none.</summary>
    public bool Advance()
    {
        if (Peek() is null)
            return false;
        _previous = _current;
        _current = _ahead.Dequeue();
        _index++;
        return true;
    }

    public override Value? FindAttribute(string name) => name switch
    {
        "index" => new IntegerValue(_index + 1),
        "index0" => new IntegerValue(_index),
        "revindex" => new IntegerValue(CountItems() - _index),
        "revindex0" => new IntegerValue(CountItems() - _index - 1),
        "first" => BooleanValue.Of(_index == 0),
        "last" => BooleanValue.Of(Peek() is null),
        "length" => new IntegerValue(CountItems()),
        "depth" => new IntegerValue(depth + 1),
        "depth0" => new IntegerValue(depth),
        "previtem" => _previous ?? new UndefinedValue("there is no previous item"),
        "nextitem" => Peek() ?? new UndefinedValue("there is no next item"),
        "cycle" => new FunctionValue(name, Cycle),
        "changed" => new FunctionValue(name, Changed),
        _ => null,
    };

    public override Value Call(CallArguments arguments)
    {
        Value children = CallArguments.Required(arguments.Bind("iterable")[0], "iterable");
        return recurse?.Invoke(children)
            ?? throw new TemplateException("The loop must have the 'recursive' marker to be called recursively.");
    }

    public override void WriteText(TextBuilder output) => output.Append($"<LoopContext {_index + 1}/{CountItems()}>");

    private Value? Peek()
    {
        if (_ahead.Count == 0)
        {
            if (!items.MoveNext())
                return null;
            _ahead.Enqueue(items.Current);
        }
        return _ahead.Peek();
    }

    private int CountItems()
    {
        if (length is null)
        {
            while (items.MoveNext())
                _ahead.Enqueue(items.Current);
            length = _index + 1 + _ahead.Count;
        }
        return length.Value;
    }

    private Value Cycle(CallArguments arguments)
    {
        if (arguments.Positional.Count == 0)
            throw new TemplateException("no items for cycling given");
        return arguments.Positional[_index % arguments.Positional.Count];
    }

    private BooleanValue Changed(CallArguments arguments)
    {
        TupleValue values = new(arguments.Positional);
        if (_lastChanged is not null && _lastChanged.IsEqualTo(values, arguments.Budget))
            return BooleanValue.False;
        _lastChanged = values;
        return BooleanValue.True;
    }
}
