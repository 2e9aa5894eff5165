using RkLlama.Prompts.Jinja.BuiltIns;
using RkLlama.Prompts.Jinja.Nodes;
using RkLlama.Prompts.Jinja.Syntax;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Jinja;

/// <summary>
/// A compiled Jinja template with the semantics of Python's jinja2 as chat templates use it. It sees its variables and the library, and
/// nothing else. Immutable; any number of threads may render at once.
/// </summary>
internal sealed class Template
{
    private readonly Block _statements;

    private Template(Block statements) => _statements = statements;

    /// <exception cref="TemplateException">The template is not valid; the message names the line.</exception>
    public static Template Compile(string source) => source.Length > SyntaxLimits.MaxSourceLength
        ? throw new TemplateException($"the chat template is longer than {SyntaxLimits.MaxSourceLength} characters")
        : new Template(Parser.Parse(source));

    /// <summary>Renders.</summary>
    /// <exception cref="TemplateException">The template raised, or uses more than <paramref name="limits"/> allow.</exception>
    /// <exception cref="OperationCanceledException">The rendering was cancelled.</exception>
    public PromptText Render(
        IReadOnlyDictionary<string, Value> variables, RenderLimits limits, TimeProvider time, CancellationToken cancellationToken = default)
    {
        Scope scope = new(BuiltInGlobals.Scope);
        foreach ((string name, Value value) in variables)
            scope.Set(name, value);
        RenderState state = new(new RenderBudget(limits, time, cancellationToken), time.GetLocalNow().DateTime, scope);
        _statements.Execute(state);
        return state.Output.ToPromptText();
    }
}
