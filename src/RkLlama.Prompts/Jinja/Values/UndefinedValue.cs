namespace RkLlama.Prompts.Jinja.Values;

/// <summary>
/// What a missing name, attribute or item gives: it prints nothing, iterates over nothing, is false, and raises on anything else.
/// </summary>
/// <param name="reason">The message of that error.</param>
internal sealed class UndefinedValue(string reason) : Value
{
    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    public override int? Length => 0;

    public override bool IsCallable => true;

    public static UndefinedValue Name(string name) => new($"'{name}' is undefined");

    public static UndefinedValue Member(Value owner, string name) => new($"'{owner.TypeName} object' has no attribute '{name}'");

    public static UndefinedValue Unsafe(Value owner, string name) =>
        new($"access to attribute '{name}' of '{owner.TypeName}' object is unsafe.");

    public TemplateException Error() => new(reason);

    public override IEnumerator<Value> Iterate() => Enumerable.Empty<Value>().GetEnumerator();

    public override IEnumerator<Value> IterateBackwards() => Iterate();

    public override Value? Attribute(string name) =>
        name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) ? null : throw Error();

    public override Value? Item(Value key, RenderBudget budget) => throw Error();

    public override Value Call(Arguments arguments) => throw Error();

    public override void WriteText(TextBuilder output)
    {
    }

    public override void WriteRepr(TextBuilder output) => output.Append("Undefined");

    public override bool IsEqualTo(Value other) => other is UndefinedValue;

    public override int HashCode() => 0;
}
