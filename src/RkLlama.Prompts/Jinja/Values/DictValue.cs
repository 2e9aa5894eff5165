namespace RkLlama.Prompts.Jinja.Values;

/// <summary>
/// A Python <c>dict</c>. The keys keep the order of insertion. The code that creates a dict also fills it; templates cannot change a dict. Exception: if a
/// template sets an attribute of a <see cref="NamespaceValue"/>, this changes the dict that stores the attributes.
/// </summary>
internal sealed class DictValue : Value
{
    private readonly OrderedDictionary<Value, Value> _items = new(ValueComparer.Instance);
    private int _depth = 1;
    private long _size = 1;

    public override string TypeName => "dict";

    public override bool IsTrue => _items.Count > 0;

    public override int? Length => _items.Count;

    public override int Depth => _depth;

    public override long Size => _size;

    public IReadOnlyList<KeyValuePair<Value, Value>> Items => _items;

    /// <summary>Adds an item. If the dict already has an equal key, replaces its value; the key keeps its position.</summary>
    /// <exception cref="TemplateException">The dict would nest deeper than <see cref="RenderLimits.MaxValueDepth"/>, or the key is not
    /// hashable.</exception>
    public void Set(Value key, Value value)
    {
        ValueNesting.Add(key, ref _depth, ref _size);
        ValueNesting.Add(value, ref _depth, ref _size);
        _items[key] = value;
    }

    public void Set(string key, Value value) => Set(StringValue.FromTemplate(key), value);

    public Value? Find(Value key) => _items.TryGetValue(key, out Value? value) ? value : null;

    public override IEnumerator<Value> Iterate() => _items.Keys.GetEnumerator();

    public override IEnumerator<Value> IterateReversed() => _items.Keys.Reverse().GetEnumerator();

    public override Value? FindItem(Value key, RenderBudget budget) => IsHashable(key) ? Find(key) : null;

    public override void WriteText(TextBuilder output)
    {
        output.Budget.Enter();
        output.Append('{');
        bool first = true;
        foreach ((Value key, Value value) in _items)
        {
            if (!first)
                output.Append(", ");
            first = false;
            key.WriteRepr(output);
            output.Append(": ");
            value.WriteRepr(output);
        }
        output.Append('}');
        output.Budget.Leave();
    }

    public override bool IsEqualTo(Value other)
    {
        if (other is not DictValue dict || dict._items.Count != _items.Count)
            return false;
        for (int i = 0; i < _items.Count; i++)
        {
            (Value key, Value value) = _items.GetAt(i);
            if (dict.Find(key) is not { } match || !value.IsEqualTo(match))
                return false;
        }
        return true;
    }

    public override int ComputeHash() => throw new TemplateException("unhashable type: 'dict'");

    private static bool IsHashable(Value key) => key switch
    {
        ListValue or DictValue or SliceValue or NamespaceValue => false,
        TupleValue tuple => tuple.Size <= RenderLimits.MaxKeySize && tuple.Items.All(IsHashable),
        _ => true,
    };
}

/// <summary>
/// The result of <c>dict.keys()</c>, <c>dict.values()</c> or <c>dict.items()</c>. It has a length and can be iterated, but not indexed.
/// </summary>
internal sealed class DictViewValue(string kind, IReadOnlyList<Value> items) : Value
{
    public override string TypeName => $"dict_{kind}";

    public override bool IsTrue => items.Count > 0;

    public override int? Length => items.Count;

    public override IEnumerator<Value> Iterate() => items.GetEnumerator();

    public override IEnumerator<Value> IterateReversed() => items.Reverse().GetEnumerator();

    public override void WriteText(TextBuilder output)
    {
        output.Append($"dict_{kind}(");
        new ListValue(items).WriteText(output);
        output.Append(')');
    }
}

/// <summary>The result of <c>namespace()</c>: the only value whose attributes a template can set.</summary>
internal sealed class NamespaceValue(DictValue attributes) : Value
{
    public override string TypeName => "Namespace";

    public void Set(string name, Value value) => attributes.Set(name, value);

    public override Value? FindAttribute(string name) => attributes.Find(StringValue.FromTemplate(name));

    public override void WriteText(TextBuilder output)
    {
        output.Append("<Namespace ");
        attributes.WriteText(output);
        output.Append('>');
    }
}
