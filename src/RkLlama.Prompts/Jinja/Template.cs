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

    private Template(Block statements) => _statements = statements;

    /// <summary>Compiles a template.</summary>
    /// <exception cref="TemplateException">The template is not valid or exceeds <see cref="SyntaxLimits"/>. The message has the line
    /// number.</exception>
    public static Template Compile(string source) => source.Length > SyntaxLimits.MaxSourceLength
        ? throw new TemplateException($"the chat template is longer than {SyntaxLimits.MaxSourceLength} characters")
        : new Template(Parser.Parse(source));

    /// <summary>Renders the template.</summary>
    /// <param name="cpu">The processor time of the rendering.</param>
    /// <param name="time">The clock for the function <c>strftime_now</c>.</param>
    /// <exception cref="TemplateException">The template raised an error, or it exceeds <paramref name="limits"/> or <paramref name="cpu"/>.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public PromptText Render(
        IReadOnlyDictionary<string, Value> variables, RenderLimits limits, CpuBudget cpu, TimeProvider time)
    {
        Scope scope = new(BuiltInGlobals.Scope);
        foreach ((string name, Value value) in variables)
            scope.Set(name, value);
        RenderState state = new(new RenderBudget(limits, cpu), time.GetLocalNow().DateTime, scope);
        _statements.Execute(state);
        return state.Output.ToPromptText();
    }
}
