using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>How templates reach into a value. What Python keeps internal does not exist for them.</summary>
internal static class MemberAccess
{
    /// <summary><c>value.name</c>: an attribute or method before an item of that name.</summary>
    public static Value GetAttribute(Value value, string name, RenderBudget budget) =>
        FindAttribute(value, name) ?? value.FindItem(StringValue.FromTemplate(name), budget) ?? UndefinedValue.ForMember(value, name);

    /// <summary><c>value[key]</c>: an item before an attribute or method of that name.</summary>
    public static Value GetItem(Value value, Value key, RenderBudget budget)
    {
        if (value.FindItem(key, budget) is { } item)
            return item;
        if (key is StringValue name)
            return FindAttribute(value, name.Text) ?? UndefinedValue.ForMember(value, name.Text);
        return new UndefinedValue($"{value.TypeName} object has no element {key.ToStringValue(budget).Text}");
    }

    /// <summary>A Python attribute of a value; undefined where the sandbox refuses it, null where there is none.</summary>
    public static Value? FindAttribute(Value value, string name)
    {
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) && value is not UndefinedValue)
            return UndefinedValue.ForUnsafeMember(value, name);
        Value? attribute = value.FindAttribute(name) ?? FindMethod(value, name);
        return attribute is not null && name.StartsWith('_') ? UndefinedValue.ForUnsafeMember(value, name) : attribute;
    }

    private static Value? FindMethod(Value value, string name) => value switch
    {
        StringValue text => StringMethods.Find(text, name),
        SequenceValue sequence => SequenceMethods.Find(sequence, name),
        DictValue dict => DictMethods.Find(dict, name),
        _ => null,
    };
}
