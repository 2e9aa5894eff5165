using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>All built-in tests, by name. A test is what follows <c>is</c>, as in <c>x is defined</c>.</summary>
internal static class BuiltInTests
{
    private delegate bool Test(Value value, CallArguments arguments);

    private static readonly Dictionary<string, Test> _tests = new(StringComparer.Ordinal)
    {
        ["boolean"] = Check(value => value is BooleanValue),
        ["callable"] = Check(value => value.IsCallable),
        ["defined"] = Check(value => value is not UndefinedValue),
        ["divisibleby"] = (value, a) => !Modulo(value, a.Bind("num")[0]).IsTrue,
        ["escaped"] = Check(value => value is StringValue { IsMarkup: true }),
        ["even"] = Check(value => !Modulo(value, new IntegerValue(2)).IsTrue),
        ["false"] = Check(value => value is BooleanValue { IsTrue: false }),
        ["filter"] = Check(value => value is StringValue name && BuiltInFilters.Exists(name.Text)),
        ["float"] = Check(value => value is FloatValue),
        ["in"] = (value, a) => PythonOperators.Contains(CallArguments.Required(a.Bind("seq")[0], "seq"), value, a.Budget),
        ["integer"] = Check(value => value is IntegerValue and not BooleanValue),
        ["iterable"] = Check(value => value.Iterate() is not null),
        ["lower"] = (value, a) => StringMethods.IsCase(value.ToStringValue(NoArguments(a)), CaseConversion.IsLower),
        ["mapping"] = Check(value => value is DictValue),
        ["none"] = Check(value => value is NoneValue),
        ["number"] = Check(value => value is NumberValue),
        ["odd"] = Check(value => Modulo(value, new IntegerValue(2)).IsEqualTo(new IntegerValue(1))),
        ["sameas"] = (value, a) => IsSame(value, CallArguments.Required(a.Bind("other")[0], "other")),
        ["sequence"] = Check(value => value is StringValue or SequenceValue or DictValue or RangeValue or UndefinedValue),
        ["string"] = Check(value => value is StringValue),
        ["test"] = Check(value => value is StringValue name && Exists(name.Text)),
        ["true"] = Check(value => value is BooleanValue { IsTrue: true }),
        ["undefined"] = Check(value => value is UndefinedValue),
        ["upper"] = (value, a) => StringMethods.IsCase(value.ToStringValue(NoArguments(a)), CaseConversion.IsUpper),
        ["=="] = Equal,
        ["eq"] = Equal,
        ["equalto"] = Equal,
        ["!="] = (value, a) => !Equal(value, a),
        ["ne"] = (value, a) => !Equal(value, a),
        ["<"] = Comparison("<", sign => sign < 0),
        ["lt"] = Comparison("<", sign => sign < 0),
        ["lessthan"] = Comparison("<", sign => sign < 0),
        ["<="] = Comparison("<=", sign => sign <= 0),
        ["le"] = Comparison("<=", sign => sign <= 0),
        [">"] = Comparison(">", sign => sign > 0),
        ["gt"] = Comparison(">", sign => sign > 0),
        ["greaterthan"] = Comparison(">", sign => sign > 0),
        [">="] = Comparison(">=", sign => sign >= 0),
        ["ge"] = Comparison(">=", sign => sign >= 0),
    };

    public static bool Exists(string name) => _tests.ContainsKey(name);

    public static bool Apply(string name, Value value, CallArguments arguments)
    {
        arguments.CountOperation(value);
        return _tests.TryGetValue(name, out Test? test)
            ? test(value, arguments)
            : throw new TemplateException($"No test named '{name}'.");
    }

    private static Test Check(Func<Value, bool> test) => (value, arguments) =>
    {
        NoArguments(arguments);
        return test(value);
    };

    private static Test Comparison(string operation, Func<int, bool> holds) => (value, arguments) =>
        PythonOperators.Compare(value, CallArguments.Required(arguments.BindPositional(1, 1)[0], "b"), operation, arguments.Budget) is { } sign && holds(sign);

    private static bool Equal(Value value, CallArguments arguments) =>
        value.IsEqualTo(arguments.BindPositional(1, 1)[0]!, arguments.Budget);

    // Python's `is` compares object identity. In Python, equal small integers and strings are usually the same object, so here they count as identical.
    private static bool IsSame(Value left, Value right) => ReferenceEquals(left, right)
        || (left.GetType() == right.GetType() && left is IntegerValue or StringValue && left.IsEqualTo(right));

    private static NumberValue Modulo(Value value, Value? by) => (value, by) switch
    {
        (NumberValue number, NumberValue divisor) => PythonNumbers.Modulo(number, divisor),
        (UndefinedValue undefined, _) => throw undefined.Error(),
        _ => throw new TemplateException($"unsupported operand type(s) for %: '{value.TypeName}' and '{by?.TypeName}'"),
    };

    private static RenderBudget NoArguments(CallArguments arguments)
    {
        arguments.Bind();
        return arguments.Budget;
    }
}
