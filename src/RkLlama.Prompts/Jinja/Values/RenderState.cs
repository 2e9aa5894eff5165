namespace RkLlama.Prompts.Jinja.Values;

/// <summary>One rendering: its output, its names and what it may still cost. Owned by its thread.</summary>
internal sealed class RenderState(RenderBudget budget, DateTime now, Scope scope)
{
    public RenderBudget Budget => budget;

    /// <summary>The local time <c>strftime_now</c> tells.</summary>
    public DateTime Now => now;

    /// <summary>Where statements write to.</summary>
    public TextBuilder Output { get; private set; } = new(budget);

    public Scope Scope { get; private set; } = scope;

    /// <summary>What a name stands for: a variable of this scope or of one around it, or undefined.</summary>
    public Value Lookup(string name) => Scope.Find(name) ?? UndefinedValue.ForName(name);

    /// <summary>Makes other variables the current ones and returns the earlier ones, to be put back in the end.</summary>
    public Scope Enter(Scope scope)
    {
        Scope outer = Scope;
        Scope = scope;
        return outer;
    }

    /// <summary>Sends output elsewhere and returns where it went, to be put back in the end.</summary>
    public TextBuilder Redirect(TextBuilder output)
    {
        TextBuilder outer = Output;
        Output = output;
        return outer;
    }
}
