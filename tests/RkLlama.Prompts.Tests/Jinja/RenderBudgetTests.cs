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

    [Theory]
    [InlineData("s.isalnum()")]
    [InlineData("s.strip('ab')")]
    [InlineData("s.startswith(t)")]
    [InlineData("s.find('y')")]
    [InlineData("s.replace('y', 'z')")]
    [InlineData("s.split('y')")]
    [InlineData("'y' in s")]
    [InlineData("s == t")]
    [InlineData("s < t")]
    [InlineData("{s: 1}[t]")]
    [InlineData("emoji[5]")]
    [InlineData("s|float")]
    [InlineData("s|wordcount")]
    [InlineData("s is lower")]
    [InlineData("[s, t]|sort")]
    [InlineData("[s, t]|unique|list")]
    [InlineData("[s]|map('wordcount')|list")]
    [InlineData("[s] * 9 == [t] * 9")]
    [InlineData("isalnum()")]
    public void The_characters_that_an_operation_reads_count_towards_the_processor_time(string operation)
    {
        int checks = 0;
        CpuBudget cpu = new(TimeSpan.FromSeconds(100), () => TimeSpan.FromSeconds(checks++), CancellationToken.None);

        Action render = () => Rendering.Render(
            "{% set s = 'x' * 100000 %}{% set t = 'x' * 100000 %}{% set emoji = '😀' * 50000 %}{% set isalnum = s.isalnum %}"
            + $"{{% for i in range(300) %}}{{% set r = {operation} %}}{{% endfor %}}",
            cpu: cpu);

        render.Should().Throw<TemplateException>().WithMessage("*too long*");
    }

    [Theory]
    [InlineData("s.find(n)")]
    [InlineData("s.rfind(n)")]
    [InlineData("s.count(n)")]
    [InlineData("s.replace(n, '')")]
    [InlineData("s.split(n)")]
    [InlineData("s.rsplit(n)")]
    [InlineData("s.partition(n)")]
    [InlineData("n in s")]
    public void The_processor_time_is_checked_during_one_search(string search)
    {
        int checks = 0;
        CpuBudget cpu = new(TimeSpan.FromSeconds(100), () => TimeSpan.FromSeconds(checks++), CancellationToken.None);

        Action render = () => Rendering.Render($"{{% set s = 'a' * 200000 %}}{{% set n = 'a' * 20000 ~ 'b' ~ 'a' * 20000 %}}{{{{ {search} }}}}", cpu: cpu);

        render.Should().Throw<TemplateException>().WithMessage("*too long*");
    }

    [Fact]
    public void Long_texts_are_found_at_every_position()
    {
        string search = new string('a', 200_000) + "b";

        for (int shift = 0; shift <= 20; shift++)
        {
            string text = new string('a', shift) + search + new string('b', 20 - shift);
            RenderBudget budget = new(RenderLimits.Default, CpuBudget.Unlimited());

            (TextSearch.IndexOf(text, search, budget), TextSearch.LastIndexOf(text, search, budget), TextSearch.Count(text, search, budget)).Should().Be((shift, shift, 1));
        }
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
