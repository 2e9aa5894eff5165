using RkLlama.Prompts.Jinja;

namespace RkLlama.Prompts.Tests.Jinja;

/// <summary>The time and memory of a template are limited, because templates come with downloaded models. Over a limit, rendering fails.</summary>
public sealed class RenderBudgetTests
{
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
    public void Templates_that_exceed_a_limit_are_ended(string template)
    {
        Action render = () => Rendering.Render(template, "{}", RenderLimits.Default with { MaxSteps = 1_000_000 });

        render.Should().Throw<TemplateException>();
    }

    [Fact]
    public void Processor_time_is_limited()
    {
        TimeSpan used = TimeSpan.Zero;
        CpuBudget cpu = new(TimeSpan.FromSeconds(2), () => used += TimeSpan.FromSeconds(1), CancellationToken.None);

        Action render = () => Rendering.Render(
            "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}", "{}",
            new RenderLimits { MaxSteps = long.MaxValue, MaxCharacters = long.MaxValue, MaxTextLength = int.MaxValue }, cpu);

        render.Should().Throw<TemplateException>().WithMessage("*too long*");
    }

    [Fact]
    public void Levels_are_counted_until_they_are_left()
    {
        RenderBudget budget = new(new RenderLimits { MaxDepth = 2 }, CpuBudget.Unlimited());
        Action enter = budget.Enter;

        for (int i = 0; i < 10; i++)
        {
            budget.Enter();
            budget.Leave();
        }
        budget.Enter();
        budget.Enter();

        enter.Should().Throw<TemplateException>();
    }
}
