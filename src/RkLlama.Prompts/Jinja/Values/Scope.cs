namespace RkLlama.Prompts.Jinja.Values;

/// <summary>The variables of one block. A name that the block does not define is looked up in the parent scope.</summary>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, Value> _variables = new(StringComparer.Ordinal);

    public void Set(string name, Value value) => _variables[name] = value;

    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._variables.TryGetValue(name, out Value? value))
                return value;
        }
        return null;
    }

    private Scope? Parent => parent;
}
