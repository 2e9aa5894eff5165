using System.Text.Json;
using RkLlama.Prompts.Jinja;

namespace RkLlama.Prompts.Tests.Jinja;

/// <summary>Templates come from downloads: whatever they do ends soon, in small memory, and with a <see cref="TemplateException"/>.</summary>
public sealed class LimitTests
{
    private const int Mutations = 400;

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData("{% for a in range(100000) %}{{ 'x' * 10000 }}{% endfor %}")]
    [InlineData("{{ 'x' * 10 ** 12 }}")]
    [InlineData("{{ [0] * 10 ** 12 }}")]
    [InlineData("{{ 9 ** (9 ** 9) }}")]
    [InlineData("{{ 'x'.center(10 ** 12) }}")]
    [InlineData("{{ '%2000000000d' % 1 }}")]
    [InlineData("{{ '{:2000000000}'.format('') }}")]
    [InlineData("{{ '%.2000000000f' % 1.5 }}")]
    [InlineData("{{ '\t'.expandtabs(2000000000) }}")]
    [InlineData("{{ '7'.zfill(2000000000) }}")]
    [InlineData("{{ [1]|batch(2000000000, 0)|list }}")]
    [InlineData("{{ [1]|slice(2000000000)|list }}")]
    [InlineData("{{ range(10 ** 12) }}")]
    [InlineData("{% set ns = namespace(t='xxxxxxxxxxxxxxxx') %}{% for i in range(100000) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}")]
    [InlineData("{% set ns = namespace(n=3) %}{% for i in range(100000) %}{% set ns.n = ns.n * ns.n %}{% endfor %}")]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}")]
    [InlineData("{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l|tojson }}")]
    [InlineData("{% set ns = namespace() %}{% set ns.self = ns %}{{ ns }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}")]
    [InlineData("{% macro m(n) %}{% for i in range(n) %}{{ m(n) }}{% endfor %}{% endmacro %}{{ m(50) }}")]
    public void A_template_that_would_not_end_is_ended(string template)
    {
        Action render = () => Rendering.Render(template, "{}", RenderLimits.Default with { MaxSteps = 1_000_000 });

        render.Should().Throw<TemplateException>();
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
    public void Nesting_without_end_is_refused(string part, int count)
    {
        Action render = () => Rendering.Render("{{ " + string.Concat(Enumerable.Repeat(part, count)) + "a }}", """{"a": 1}""");

        render.Should().Throw<TemplateException>();
    }

    [Fact]
    public void Nested_blocks_without_end_are_refused()
    {
        Action compile = () => Template.Compile(string.Concat(Enumerable.Repeat("{% if a %}", 60_000)));

        compile.Should().Throw<TemplateException>();
    }

    [Fact]
    public void Time_is_limited()
    {
        Action render = () => Rendering.Render(
            "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}", "{}",
            new RenderLimits { MaxSteps = long.MaxValue, MaxCharacters = long.MaxValue, MaxTextLength = int.MaxValue, MaxTime = TimeSpan.Zero });

        render.Should().Throw<TemplateException>().WithMessage("*too long*");
    }

    [Fact]
    public void Rendering_can_be_cancelled()
    {
        Template template = Template.Compile("{% for a in range(100000) %}{{ a }}{% endfor %}");

        Action render = () => template.Render(
            Rendering.Variables(JsonDocument.Parse("{}").RootElement), RenderLimits.Default, Rendering.Clock, new CancellationToken(canceled: true));

        render.Should().Throw<OperationCanceledException>();
    }

    [Theory]
    [InlineData("{{ ''.__class__.__mro__ }}")]
    [InlineData("{{ messages.__init__.__globals__ }}")]
    [InlineData("{{ '{0.__class__.__mro__}'.format('') }}")]
    [InlineData("{{ messages|map(attribute='__class__')|first() }}{{ messages[0]['__class__'].x }}")]
    [InlineData("{% include '/etc/passwd' %}")]
    [InlineData("{% import '/etc/passwd' as p %}")]
    [InlineData("{% extends '/etc/passwd' %}")]
    [InlineData("{{ messages.append(1) }}")]
    [InlineData("{{ messages[0].update({}) }}")]
    public void Nothing_but_the_inputs_can_be_reached(string template)
    {
        Action render = () => Rendering.Render(template, """{"messages": [{"role": "user"}]}""");

        render.Should().Throw<TemplateException>();
    }

    [TemplateConformance]
    [MemberData(nameof(TemplateConformanceTests.TemplateNames), MemberType = typeof(TemplateConformanceTests))]
    public void Broken_templates_fail_only_with_a_template_exception(string name)
    {
        string source = File.ReadAllText(Path.Combine(ConformanceData.ChatTemplates, "templates", name + ".jinja"));
        using JsonDocument data = JsonDocument.Parse(
            """{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u\ud83d\ude00"}, {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "integer"}}}}}], "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"}""");
        Random random = new(name.Length);
        RenderLimits limits = RenderLimits.Default with { MaxSteps = 100_000, MaxCharacters = 1_000_000 };

        for (int i = 0; i < Mutations; i++)
        {
            string broken = Mutate(source, random);
            try
            {
                Rendering.Render(Template.Compile(broken), data.RootElement, limits);
            }
            catch (TemplateException)
            {
                // What a broken template should end with.
            }
        }
    }

    private static string Mutate(string source, Random random)
    {
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(source.Length), length = Math.Min(random.Next(1, 12), source.Length - at), to = random.Next(source.Length);
            source = random.Next(3) switch
            {
                0 => source.Remove(at, length),
                1 => source.Insert(to, source.Substring(at, length)),
                _ => source.Remove(at, 1).Insert(at, "{}%#|.()[]-+*/'\"\\=<>:,~ \n0e1naé😀"[random.Next(30)].ToString()),
            };
        }
        return source;
    }
}
