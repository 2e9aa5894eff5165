using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.Methods;

/// <summary>
/// Reads attributes and items of values, with the rules of jinja2's sandbox: templates cannot access attributes whose names begin with an underscore.
/// </summary>
internal static class MemberAccess
{
    /// <summary>
    /// Evaluates <c>value.name</c>: looks for an attribute or method first, then for an item with that key. Returns an undefined value if there is none.
    /// </summary>
    public static Value GetAttribute(Value value, string name, RenderBudget budget) =>
        FindAttribute(value, name) ?? value.FindItem(StringValue.FromTemplate(name), budget) ?? UndefinedValue.ForMember(value, name);

    /// <summary>
    /// Evaluates <c>value[key]</c>: looks for an item first, then for an attribute or method with that name. Returns an undefined value if there is none.
    /// </summary>
    public static Value GetItem(Value value, Value key, RenderBudget budget)
    {
        if (value.FindItem(key, budget) is { } item)
            return item;
        if (key is StringValue name)
            return FindAttribute(value, name.Text) ?? UndefinedValue.ForMember(value, name.Text);
        return new UndefinedValue($"{value.TypeName} object has no element {key.ToStringValue(budget).Text}");
    }

    /// <summary>
    /// Returns an attribute or method of a value, an undefined value if the sandbox denies access, or null if the attribute does not exist.
    /// </summary>
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
