namespace RkLlama.Prompts.Jinja.Values;

/// <summary>A built-in function, or a method of a value such as <c>text.strip</c>.</summary>
internal sealed class FunctionValue(string name, Func<CallArguments, Value> function) : Value
{
    public override string TypeName => "builtin_function_or_method";

    public override bool IsCallable => true;

    public override Value Call(CallArguments arguments) => function(arguments);

    public override void WriteText(TextBuilder output) => output.Append($"<built-in function {name}>");
}
