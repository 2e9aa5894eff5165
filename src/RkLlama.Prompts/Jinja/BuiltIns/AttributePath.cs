using RkLlama.Prompts.Jinja.Methods;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja.BuiltIns;

/// <summary>A path from an item to one of its parts, such as <c>function.name</c>: the argument <c>attribute</c> of filters.</summary>
internal sealed class AttributePath
{
    private readonly List<Value> _parts;

    public AttributePath(Value attribute, RenderBudget budget) => _parts = attribute switch
    {
        NoneValue => [],
        StringValue text => [.. StringSplitting.Split(text, ".", -1, budget).Select(Value (part) => part.Text.Length is > 0 and < 10
            && part.Text.All(char.IsAsciiDigit) ? new IntegerValue(int.Parse(part.Text)) : part)],
        _ => [attribute],
    };

    public Value Resolve(Value item, RenderBudget budget, Value? missing = null)
    {
        foreach (Value part in _parts)
        {
            item = MemberAccess.GetItem(item, part, budget);
            if (missing is not null && item is UndefinedValue)
                item = missing;
        }
        return item;
    }
}
