using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Operations;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>The built-in tests: what stands after <c>is</c>.</summary>
internal static class Tests
{
    private delegate bool Test(Value value, Arguments arguments);

    private static readonly Dictionary<string, Test> _tests = new(StringComparer.Ordinal)
    {
        ["boolean"] = Kind(value => value is BooleanValue),
        ["callable"] = Kind(value => value.IsCallable),
        ["defined"] = Kind(value => value is not UndefinedValue),
        ["divisibleby"] = (value, a) => !Modulo(value, a.Bind("num")[0]).IsTrue,
        ["escaped"] = Kind(value => value is TextValue { IsMarkup: true }),
        ["even"] = Kind(value => !Modulo(value, new IntegerValue(2)).IsTrue),
        ["false"] = Kind(value => value is BooleanValue { IsTrue: false }),
        ["filter"] = Kind(value => value is TextValue name && Filters.Exists(name.Text)),
        ["float"] = Kind(value => value is FloatValue),
        ["in"] = (value, a) => Operators.Contains(Arguments.Required(a.Bind("seq")[0], "seq"), value, a.Budget),
        ["integer"] = Kind(value => value is IntegerValue and not BooleanValue),
        ["iterable"] = Kind(value => value.Iterate() is not null),
        ["lower"] = (value, a) => TextMethods.IsCase(value.ToText(Nothing(a)), LetterCase.IsLower),
        ["mapping"] = Kind(value => value is DictValue),
        ["none"] = Kind(value => value is NoneValue),
        ["number"] = Kind(value => value is NumberValue),
        ["odd"] = Kind(value => Modulo(value, new IntegerValue(2)).IsEqualTo(new IntegerValue(1))),
        ["sameas"] = (value, a) => IsSame(value, Arguments.Required(a.Bind("other")[0], "other")),
        ["sequence"] = Kind(value => value is TextValue or SequenceValue or DictValue or RangeValue or UndefinedValue),
        ["string"] = Kind(value => value is TextValue),
        ["test"] = Kind(value => value is TextValue name && Exists(name.Text)),
        ["true"] = Kind(value => value is BooleanValue { IsTrue: true }),
        ["undefined"] = Kind(value => value is UndefinedValue),
        ["upper"] = (value, a) => TextMethods.IsCase(value.ToText(Nothing(a)), LetterCase.IsUpper),
        ["=="] = Equal,
        ["eq"] = Equal,
        ["equalto"] = Equal,
        ["!="] = (value, a) => !Equal(value, a),
        ["ne"] = (value, a) => !Equal(value, a),
        ["<"] = Ordered("<", sign => sign < 0),
        ["lt"] = Ordered("<", sign => sign < 0),
        ["lessthan"] = Ordered("<", sign => sign < 0),
        ["<="] = Ordered("<=", sign => sign <= 0),
        ["le"] = Ordered("<=", sign => sign <= 0),
        [">"] = Ordered(">", sign => sign > 0),
        ["gt"] = Ordered(">", sign => sign > 0),
        ["greaterthan"] = Ordered(">", sign => sign > 0),
        [">="] = Ordered(">=", sign => sign >= 0),
        ["ge"] = Ordered(">=", sign => sign >= 0),
    };

    public static bool Exists(string name) => _tests.ContainsKey(name);

    public static bool Apply(string name, Value value, Arguments arguments)
    {
        arguments.Budget.Step();
        return _tests.TryGetValue(name, out Test? test)
            ? test(value, arguments)
            : throw new TemplateException($"No test named '{name}'.");
    }

    private static Test Kind(Func<Value, bool> test) => (value, arguments) =>
    {
        Nothing(arguments);
        return test(value);
    };

    private static Test Ordered(string operation, Func<int, bool> holds) => (value, arguments) =>
        Operators.Compare(value, Arguments.Required(arguments.BindPositional(1, 1)[0], "b"), operation, arguments.Budget) is { } sign && holds(sign);

    private static bool Equal(Value value, Arguments arguments) =>
        value.IsEqualTo(arguments.BindPositional(1, 1)[0]!, arguments.Budget);

    // Python's `is`: texts and numbers made at different places may or may not be the same object; small ones are.
    private static bool IsSame(Value left, Value right) => ReferenceEquals(left, right)
        || (left.GetType() == right.GetType() && left is IntegerValue or TextValue && left.IsEqualTo(right));

    private static NumberValue Modulo(Value value, Value? by) => (value, by) switch
    {
        (NumberValue number, NumberValue divisor) => PythonNumbers.Modulo(number, divisor),
        (UndefinedValue undefined, _) => throw undefined.Error(),
        _ => throw new TemplateException($"unsupported operand type(s) for %: '{value.TypeName}' and '{by?.TypeName}'"),
    };

    private static RenderBudget Nothing(Arguments arguments)
    {
        arguments.Bind();
        return arguments.Budget;
    }
}
