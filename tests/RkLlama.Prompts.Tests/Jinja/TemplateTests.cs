using System.Text.Json;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Tests.Support;

namespace RkLlama.Prompts.Tests.Jinja;

public sealed class TemplateTests
{
    private const int Mutations = 400;

    [Fact]
    public void Rendering_can_be_cancelled()
    {
        Template template = Template.Compile("{% for a in range(100000) %}{{ a }}{% endfor %}");

        Action render = () => template.Render(
            Rendering.Variables(JsonDocument.Parse("{}").RootElement), RenderLimits.Default, CpuBudget.Unlimited(new CancellationToken(canceled: true)), Rendering.Clock);

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
    public void A_template_can_access_its_variables_only(string template)
    {
        Action render = () => Rendering.Render(template, """{"messages": [{"role": "user"}]}""");

        render.Should().Throw<TemplateException>();
    }

    [TemplateConformance]
    [MemberData(nameof(TemplateConformanceTests.TemplateNames), MemberType = typeof(TemplateConformanceTests))]
    public void Mutated_templates_fail_with_a_TemplateException_only(string name)
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
                // The expected result of a broken template.
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
