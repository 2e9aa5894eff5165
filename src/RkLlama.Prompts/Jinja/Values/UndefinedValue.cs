namespace RkLlama.Prompts.Jinja.Values;

/// <summary>
/// The result of reading a variable, attribute or item that does not exist. It counts as false, its text is empty, it has no items, and it can be compared for
/// equality. Most other operations throw a <see cref="TemplateException"/>.
/// </summary>
/// <param name="reason">The message of this exception.</param>
internal sealed class UndefinedValue(string reason) : Value
{
    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    public override int? Length => 0;

    public override bool IsCallable => true;

    public static UndefinedValue ForName(string name) => new($"'{name}' is undefined");

    public static UndefinedValue ForMember(Value owner, string name) => new($"'{owner.TypeName} object' has no attribute '{name}'");

    public static UndefinedValue ForUnsafeMember(Value owner, string name) =>
        new($"access to attribute '{name}' of '{owner.TypeName}' object is unsafe.");

    public TemplateException Error() => new(reason);

    public override IEnumerator<Value> Iterate() => Enumerable.Empty<Value>().GetEnumerator();

    public override IEnumerator<Value> IterateReversed() => Iterate();

    public override Value? FindAttribute(string name) =>
        name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) ? null : throw Error();

    public override Value? FindItem(Value key, RenderBudget budget) => throw Error();

    public override Value Call(CallArguments arguments) => throw Error();

    public override void WriteText(TextBuilder output)
    {
    }

    public override void WriteRepr(TextBuilder output) => output.Append("Undefined");

    public override bool IsEqualTo(Value other) => other is UndefinedValue;

    public override int ComputeHash() => 0;
}
