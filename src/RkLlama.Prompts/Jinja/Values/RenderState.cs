namespace RkLlama.Prompts.Jinja.Values;

/// <summary>The state of one rendering: its output, its variables and its budget. Used by the rendering's thread only.</summary>
internal sealed class RenderState(RenderBudget budget, DateTime now, Scope scope)
{
    public RenderBudget Budget => budget;

    /// <summary>The local time that <c>strftime_now</c> returns.</summary>
    public DateTime Now => now;

    /// <summary>The current output of statements.</summary>
    public TextBuilder Output { get; private set; } = new(budget);

    public Scope Scope { get; private set; } = scope;

    /// <summary>Returns the variable of the innermost scope that defines the name, or an undefined value.</summary>
    public Value Lookup(string name) => Scope.Find(name) ?? UndefinedValue.ForName(name);

    /// <summary>Makes a scope the current one and returns the previous one. The caller restores that one later.</summary>
    public Scope Enter(Scope scope)
    {
        Scope outer = Scope;
        Scope = scope;
        return outer;
    }

    /// <summary>Redirects the output and returns the previous output. The caller restores that one later.</summary>
    public TextBuilder Redirect(TextBuilder output)
    {
        TextBuilder outer = Output;
        Output = output;
        return outer;
    }
}
