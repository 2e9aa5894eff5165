using RkLlama.Prompts.Jinja.BuiltIns;
using RkLlama.Prompts.Jinja.Nodes;
using RkLlama.Prompts.Jinja.Syntax;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja;

/// <summary>
/// A compiled Jinja template. It supports the parts of Python's jinja2 that chat templates use, with the same semantics. A template can access its variables
/// and the built-in functions only. Immutable; many threads may render it at the same time.
/// </summary>
internal sealed class Template
{
    private readonly Block _statements;

    private Template(Block statements, IReadOnlySet<string> names) => (_statements, Names) = (statements, names);

    /// <summary>The names of all variables and functions that the template reads.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Compiles a template.</summary>
    /// <exception cref="TemplateException">The template is not valid or exceeds <see cref="SyntaxLimits"/>. The message has the line
    /// number.</exception>
    public static Template Compile(string source)
    {
        if (source.Length > SyntaxLimits.MaxSourceLength)
            throw new TemplateException($"the chat template is longer than {SyntaxLimits.MaxSourceLength} characters");
        Block statements = Parser.Parse(source, out IReadOnlySet<string> names);
        return new Template(statements, names);
    }

    /// <summary>Renders the template.</summary>
    /// <param name="cpu">The processor time of the rendering.</param>
    /// <param name="time">The clock for the function <c>strftime_now</c>.</param>
    /// <exception cref="TemplateException">The template raised an error, or it exceeds <paramref name="limits"/> or <paramref name="cpu"/>.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public PromptText Render(
        IReadOnlyDictionary<string, Value> variables, RenderLimits limits, CpuBudget cpu, TimeProvider time) =>
        Render(variables, new RenderBudget(limits, cpu), time);

    /// <summary>Renders the template on a budget that several renderings may share.</summary>
    /// <inheritdoc cref="Render(IReadOnlyDictionary{string, Value}, RenderLimits, CpuBudget, TimeProvider)"/>
    public PromptText Render(IReadOnlyDictionary<string, Value> variables, RenderBudget budget, TimeProvider time)
    {
        Scope scope = new(BuiltInGlobals.Scope);
        foreach ((string name, Value value) in variables)
            scope.Set(name, value);
        RenderState state = new(budget, time.GetLocalNow().DateTime, scope);
        _statements.Execute(state);
        return state.Output.ToPromptText();
    }
}
