namespace RkLlama.Prompts.Jinja.Values;

/// <summary>The state of one rendering: its output, its variables and its budget. Used by one thread: the one that renders.</summary>
internal sealed class RenderState(RenderBudget budget, DateTime now, Scope scope)
{
    public RenderBudget Budget => budget;

    /// <summary>The local time that the function <c>strftime_now</c> formats.</summary>
    public DateTime Now => now;

    /// <summary>The text that statements append their output to.</summary>
    public TextBuilder Output { get; private set; } = new(budget);

    public Scope Scope { get; private set; } = scope;

    /// <summary>Returns the variable of the innermost scope that defines the name, or an undefined value.</summary>
    public Value Lookup(string name) => Scope.Find(name) ?? UndefinedValue.ForName(name);

    /// <summary>Makes a scope the current one and returns the previous scope. The caller must restore the previous scope later.</summary>
    public Scope Enter(Scope scope)
    {
        Scope outer = Scope;
        Scope = scope;
        return outer;
    }

    /// <summary>Redirects the output and returns the previous output. The caller must restore the previous output later.</summary>
    public TextBuilder Redirect(TextBuilder output)
    {
        TextBuilder outer = Output;
        Output = output;
        return outer;
    }
}
