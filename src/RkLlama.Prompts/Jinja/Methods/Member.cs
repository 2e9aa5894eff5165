using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>How templates reach into a value. What Python keeps internal does not exist for them.</summary>
internal static class Member
{
    /// <summary><c>value.name</c>: an attribute or method before an item of that name.</summary>
    public static Value Attribute(Value value, string name, RenderBudget budget) =>
        OwnAttribute(value, name) ?? value.Item(TextValue.Template(name), budget) ?? UndefinedValue.Member(value, name);

    /// <summary><c>value[key]</c>: an item before an attribute or method of that name.</summary>
    public static Value Item(Value value, Value key, RenderBudget budget)
    {
        if (value.Item(key, budget) is { } item)
            return item;
        if (key is TextValue name)
            return OwnAttribute(value, name.Text) ?? UndefinedValue.Member(value, name.Text);
        return new UndefinedValue($"{value.TypeName} object has no element {key.ToText(budget).Text}");
    }

    /// <summary>A Python attribute of a value; undefined where the sandbox refuses it, null where there is none.</summary>
    public static Value? OwnAttribute(Value value, string name)
    {
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) && value is not UndefinedValue)
            return UndefinedValue.Unsafe(value, name);
        Value? attribute = value.Attribute(name) ?? FindMethod(value, name);
        return attribute is not null && name.StartsWith('_') ? UndefinedValue.Unsafe(value, name) : attribute;
    }

    private static Value? FindMethod(Value value, string name) => value switch
    {
        TextValue text => TextMethods.Find(text, name),
        SequenceValue sequence => SequenceMethods.Find(sequence, name),
        DictValue dict => DictMethods.Find(dict, name),
        _ => null,
    };
}
