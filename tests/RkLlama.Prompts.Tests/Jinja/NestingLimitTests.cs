using System.Text.Json;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Jinja.Syntax;
using RkLlama.Prompts.Jinja.Values;
using RkLlama.Prompts.Tests.Support;

namespace RkLlama.Prompts.Tests.Jinja;

/// <summary>
/// The nesting limits are fixed numbers: every build and every thread accepts a template up to the limit and refuses it beyond. Each test runs
/// on a small stack. If a limit is too high for that stack, the test process crashes.
/// </summary>
public sealed class NestingLimitTests
{
    // The template and its outermost expression count as levels.
    private const int MaxBrackets = SyntaxLimits.MaxNesting - 2;
    private const int MaxBlocks = SyntaxLimits.MaxNesting - 1;

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("(a,", ")")]
    [InlineData("{1: ", "}")]
    [InlineData("a[", "]")]
    [InlineData("a[:", "]")]
    [InlineData("a(", ")")]
    [InlineData("a(x=", ")")]
    [InlineData("a|default(", ")")]
    [InlineData("a is eq(", ")")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("+", "")]
    [InlineData("a if a else ", "")]
    public void Expressions_nest_up_to_the_limit(string open, string close)
    {
        Action atLimit = () => SmallStack.Run(() => Template.Compile(Nested("{{ ", open, "a", close, " }}", MaxBrackets)));
        Action beyond = () => SmallStack.Run(() => Template.Compile(Nested("{{ ", open, "a", close, " }}", MaxBrackets + 1)));

        atLimit.Should().NotThrow();
        beyond.Should().Throw<TemplateException>().WithMessage("nested more than 64 levels deep, line 1*");
    }

    [Theory]
    [InlineData("{% if a %}", "{% endif %}")]
    [InlineData("{% if a %}{% else %}", "{% endif %}")]
    [InlineData("{% for x in [1] %}", "{% endfor %}")]
    [InlineData("{% set x %}", "{% endset %}")]
    [InlineData("{% filter upper %}", "{% endfilter %}")]
    [InlineData("{% with a = 1 %}", "{% endwith %}")]
    [InlineData("{% macro m() %}", "{% endmacro %}")]
    [InlineData("{% call a() %}", "{% endcall %}")]
    public void Blocks_nest_up_to_the_limit(string open, string close)
    {
        Action atLimit = () => SmallStack.Run(() => Template.Compile(Nested("", open, "x", close, "", MaxBlocks)));
        Action beyond = () => SmallStack.Run(() => Template.Compile(Nested("", open, "x", close, "", MaxBlocks + 1)));

        atLimit.Should().NotThrow();
        beyond.Should().Throw<TemplateException>().WithMessage("nested more than 64 levels deep, line 1*");
    }

    [Fact]
    public void Assignment_targets_nest_up_to_the_limit()
    {
        Action atLimit = () => SmallStack.Run(() => Template.Compile(Nested("{% for ", "(", "x", ",)", " in [] %}{% endfor %}", MaxBrackets)));
        Action beyond = () => SmallStack.Run(() => Template.Compile(Nested("{% for ", "(", "x", ",)", " in [] %}{% endfor %}", MaxBrackets + 1)));

        atLimit.Should().NotThrow();
        beyond.Should().Throw<TemplateException>().WithMessage("nested more than 64 levels deep, line 1*");
    }

    [Theory]
    [InlineData("(", 100_000)]
    [InlineData("[", 100_000)]
    [InlineData("{1:", 100_000)]
    [InlineData("-", 100_000)]
    [InlineData("not ", 100_000)]
    [InlineData("a if ", 100_000)]
    [InlineData("a + ", 200_000)]
    [InlineData("a.b|f(", 50_000)]
    public void Extreme_nesting_is_refused(string part, int count)
    {
        Action render = () => Rendering.Render("{{ " + string.Concat(Enumerable.Repeat(part, count)) + "a }}", """{"a": 1}""");

        render.Should().Throw<TemplateException>();
    }

    [Fact]
    public void Extreme_nesting_of_blocks_is_refused()
    {
        Action compile = () => Template.Compile(string.Concat(Enumerable.Repeat("{% if a %}", 60_000)));

        compile.Should().Throw<TemplateException>();
    }

    [Theory]
    [InlineData("|string")]
    [InlineData(".x")]
    [InlineData("[0]")]
    [InlineData("()")]
    [InlineData(" if a")]
    public void Chains_after_a_value_are_limited(string part)
    {
        Action atLimit = () => SmallStack.Run(() => Template.Compile(Nested("{{ a", part, "", "", " }}", SyntaxLimits.MaxChainLength)));
        Action beyond = () => SmallStack.Run(() => Template.Compile(Nested("{{ a", part, "", "", " }}", SyntaxLimits.MaxChainLength + 1)));

        atLimit.Should().NotThrow();
        beyond.Should().Throw<TemplateException>().WithMessage("more than 200 *");
    }

    [Theory]
    [InlineData(" + a")]
    [InlineData(" * a")]
    [InlineData(" ** a")]
    [InlineData(" ~ a")]
    [InlineData(" and a")]
    [InlineData(" or a")]
    [InlineData(" == a")]
    public void Operands_are_limited(string part)
    {
        // In some nodes, the first operand is not counted.
        Action inUse = () => SmallStack.Run(() => Template.Compile(Nested("{{ a", part, "", "", " }}", SyntaxLimits.MaxOperands - 1)));
        Action beyond = () => SmallStack.Run(() => Template.Compile(Nested("{{ a", part, "", "", " }}", SyntaxLimits.MaxOperands + 1)));

        inUse.Should().NotThrow();
        beyond.Should().Throw<TemplateException>().WithMessage("more than 1000 operands*");
    }

    [Theory]
    [InlineData("{{ a|string", "|string", " }}")]
    [InlineData("{% filter upper", "|string", " %}1{% endfilter %}")]
    [InlineData("{{ a", " + a - a", " }}")]
    [InlineData("{{ a", " * 1 // 1", " }}")]
    [InlineData("{{ a", " ** 1", " }}")]
    [InlineData("{{ a", " ~ ''", " }}")]
    [InlineData("{{ a", " and a", " }}")]
    [InlineData("{{ 0", " or 0", " or a }}")]
    [InlineData("{{ 1 if a", " == 1", " }}")]
    public void Long_chains_render_on_a_small_stack(string start, string part, string end)
    {
        int count = part == "|string" && start.StartsWith("{{", StringComparison.Ordinal) ? SyntaxLimits.MaxChainLength - 1 : 400;

        Action render = () => SmallStack.Run(() => Rendering.Render(Nested(start, part, "", "", end, count), """{"a": 1}""").Text.Should().Be("1"));

        render.Should().NotThrow();
    }

    [Theory]
    [InlineData("{{ m() }}")]
    [InlineData("{{ [m()] }}")]
    [InlineData("{{ {1: m()} }}")]
    [InlineData("{{ m()|upper }}")]
    [InlineData("{{ 1|default(m()) }}")]
    [InlineData("{{ dict(a=m()) }}")]
    [InlineData("{{ range(*m()) }}")]
    [InlineData("{{ 1 + m() }}")]
    [InlineData("{{ 1 is eq(m()) }}")]
    [InlineData("{{ 'a'[:m()] }}")]
    [InlineData("{{ 1 if m() }}")]
    [InlineData("{% if m() %}{% endif %}")]
    [InlineData("{% set x = m() %}")]
    [InlineData("{% set x %}{{ m() }}{% endset %}")]
    [InlineData("{% with a = m() %}{% endwith %}")]
    [InlineData("{% filter upper %}{{ m() }}{% endfilter %}")]
    [InlineData("{% call m() %}{% endcall %}{{ caller is defined }}")]
    [InlineData("{% call c() %}{{ m() }}{% endcall %}")]
    [InlineData("{% for i in m() %}{% endfor %}")]
    [InlineData("{% for i in [1] %}{{ m() }}{% endfor %}")]
    [InlineData("{% for i in [1] if m() %}{% endfor %}")]
    [InlineData("{% for i in [] %}{% else %}{{ m() }}{% endfor %}")]
    [InlineData("{% for i in [1] recursive %}{{ loop([m()]) }}{% endfor %}")]
    public void Endless_recursion_of_macros_is_ended(string body)
    {
        string template = "{% macro c() %}{{ caller() }}{% endmacro %}{% macro m() %}" + body + "{% endmacro %}{{ m() }}";

        Action render = () => SmallStack.Run(() => Rendering.Render(template));

        render.Should().Throw<TemplateException>().WithMessage("*nests too deeply*");
    }

    [Theory]
    [InlineData("{% macro m(a=m()) %}{% endmacro %}{{ m() }}")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}")]
    [InlineData("{% for x in [1] if x recursive %}{{ loop([1]) }}{% endfor %}")]
    [InlineData("{% set ns = namespace() %}{% set ns.self = ns %}{{ ns }}")]
    [InlineData("{% set ns = namespace() %}{% set ns.self = {1: [ns]} %}{{ ns }}")]
    [InlineData("{% set ns = namespace(g=[1]) %}{% for i in range(100000) %}{% set ns.g = ns.g|map('string') %}{% endfor %}{{ ns.g|list }}")]
    [InlineData("{% set ns = namespace(g=[1]) %}{% for i in range(100000) %}{% set ns.g = ns.g|select('defined')|unique %}{% endfor %}{{ ns.g|list }}")]
    public void Other_endless_recursion_is_ended(string template)
    {
        Action render = () => SmallStack.Run(() => Rendering.Render(template));

        render.Should().Throw<TemplateException>().WithMessage("*nests too deeply*");
    }

    [Fact]
    public void A_macro_may_recurse_90_levels()
    {
        const string Template = "{% macro m(n) %}{{ n if n == 0 else m(n - 1) }}{% endmacro %}{{ m(90) }}";

        Action render = () => SmallStack.Run(() => Rendering.Render(Template).Text.Should().Be("0"));

        render.Should().NotThrow();
    }

    [Theory]
    [InlineData("[]", "[ns.v]", "{{ ns.v }}")]
    [InlineData("[]", "[ns.v]", "{{ ns.v|tojson }}")]
    [InlineData("[]", "[ns.v]", "{{ ns.v == ns.w }}{{ ns.v < ns.w }}{{ [ns.v, ns.w]|sort|length }}")]
    [InlineData("()", "(ns.v,)", "{{ {ns.v: 1}[ns.w] }}")]
    [InlineData("{}", "{'a': ns.v}", "{{ ns.v }}{{ ns.v == ns.w }}")]
    [InlineData("{}", "{'a': ns.v}", "{{ ns.v|tojson(indent=1, sort_keys=true) }}")]
    public void Values_nest_up_to_the_limit(string start, string step, string use)
    {
        string Template(int levels) => $$$"""
            {% set ns = namespace(v={{{start}}}, w={{{start}}}) -%}
            {% for i in range({{{levels}}}) %}{% set ns.v = {{{step}}} %}{% set ns.w = {{{step.Replace("ns.v", "ns.w", StringComparison.Ordinal)}}} %}{% endfor %}
            """ + use;

        // The innermost container and the namespace count as levels.
        Action atLimit = () => SmallStack.Run(() => Rendering.Render(Template(RenderLimits.MaxValueDepth - 2)));
        Action beyond = () => SmallStack.Run(() => Rendering.Render(Template(RenderLimits.MaxValueDepth - 1)));

        atLimit.Should().NotThrow();
        beyond.Should().Throw<TemplateException>().WithMessage("*nests too deeply*");
    }

    [Theory]
    [InlineData("[ns.v, ns.v]", "[ns.w, ns.w]", "{{ ns.v == ns.w }}")]
    [InlineData("[ns.v, ns.v]", "[ns.w, ns.w]", "{{ ns.v < ns.w }}")]
    [InlineData("[ns.v, ns.v]", "[ns.w, ns.w]", "{{ ns.v in [ns.w] }}")]
    [InlineData("[ns.v, ns.v]", "[ns.w, ns.w]", "{{ [ns.v].index(ns.w) }}")]
    [InlineData("(ns.v, ns.v)", "(ns.w, ns.w)", "{{ {ns.v: 1} }}")]
    [InlineData("(ns.v, ns.v)", "(ns.w, ns.w)", "{{ [ns.v, ns.w]|unique|list }}")]
    public void Comparing_values_that_share_parts_is_counted(string first, string second, string use)
    {
        string template = $$$"""
            {% set ns = namespace(v=1, w=1) %}{% for i in range(60) %}{% set ns.v = {{{first}}} %}{% set ns.w = {{{second}}} %}{% endfor %}
            """ + use;

        Action render = () => Rendering.Render(template);

        render.Should().Throw<TemplateException>();
    }

    [Fact]
    public void Json_values_nest_up_to_the_limit()
    {
        Action atLimit = () => SmallStack.Run(() => JsonValues.Convert(NestedJson(JsonLimits.MaxDepth), fromRequest: true));
        Action beyond = () => SmallStack.Run(() => JsonValues.Convert(NestedJson(JsonLimits.MaxDepth + 1), fromRequest: true));

        atLimit.Should().NotThrow();
        beyond.Should().Throw<TemplateException>().WithMessage("*more than 64 levels deep*");
    }

    [Fact]
    public void Tool_arguments_that_nest_too_deeply_stay_a_string()
    {
        string json = $"\"{NestedJson(JsonLimits.MaxDepth + 1).GetRawText()}\"";
        using JsonDocument arguments = JsonDocument.Parse(json);

        ToolArguments.AsObject(arguments.RootElement).Should().BeOfType<StringValue>();
    }

    private static string Nested(string start, string open, string inner, string close, string end, int levels) =>
        start + string.Concat(Enumerable.Repeat(open, levels)) + inner + string.Concat(Enumerable.Repeat(close, levels)) + end;

    private static JsonElement NestedJson(int levels)
    {
        string json = new string('[', levels) + new string(']', levels);
        return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = levels }).RootElement;
    }
}
