using System.Text.Json;

namespace RkLlama.Prompts.Tests.Building;

public sealed class ChatTemplateTests
{
    [Fact]
    public void A_template_that_reads_content_parts_gets_content_parts()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.Load(with: settings => settings with
        {
            Template = "{% for m in messages %}{% for p in m.content %}{% if p.type == 'text' %}<{{ p.text }}>{% endif %}{% endfor %}{% endfor %}",
        });

        prompts.Build(new([new("user", "Hi")])).Text.Text.Should().Be("<Hi>");
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ m.tool_calls[0].function.arguments|tojson if m.tool_calls else '' }}{% endfor %}", "{\"a\": 1}")]
    [InlineData("{% for m in messages %}{{ 'call ' + m.tool_calls[0].function.arguments if m.tool_calls else '' }}{% endfor %}", "call {\"a\":1}")]
    public void Tool_arguments_have_the_form_that_the_template_expects(string template, string expected)
    {
        using ModelDirectory model = new();
        using JsonDocument arguments = JsonDocument.Parse("""["{\"a\":1}", {"a":1}]""");
        PromptBuilder prompts = model.Load(with: settings => settings with { Template = template });

        foreach (JsonElement form in arguments.RootElement.EnumerateArray())
        {
            ChatMessage call = new("assistant", null) { ToolCalls = [new("c1", "f", form)] };
            prompts.Build(new([new("user", "u"), call])).Text.Text.Should().Be(expected);
        }
    }

    [Theory]
    [InlineData("{% for m in messages %}{{ m.content }}{% endfor %}", true)]
    [InlineData("{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}", false)]
    [InlineData("{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{% endfor %}", false)]
    public void Support_of_the_system_role_is_detected(string source, bool expected)
    {
        Create(source).SupportsSystemRole.Should().Be(expected);
    }

    [Fact]
    public void Requests_with_tools_use_the_tool_template()
    {
        using JsonDocument tool = JsonDocument.Parse("{}");
        ChatTemplate template = Create("plain", "tools");
        Conversation conversation = new([new("user", "u")]);

        template.Render(conversation, CpuBudget.Unlimited()).Text.Should().Be("plain");
        template.Render(conversation with { Tools = [tool.RootElement] }, CpuBudget.Unlimited()).Text.Should().Be("tools");
    }

    [Fact]
    public void The_role_is_template_text_and_the_content_is_request_text()
    {
        PromptText text = Create("<|{{ messages[0].role }}|>{{ messages[0].content }}").Render(new([new("user", "Hi")]), CpuBudget.Unlimited());

        text.Text.Should().Be("<|user|>Hi");
        text.RequestSpans.Should().Equal(new PromptSpan(8, 10));
    }

    private static ChatTemplate Create(string source, string? toolSource = null) =>
        new(source, toolSource, new SpecialTokens(new Dictionary<string, string>()), TimeProvider.System, CpuBudget.Unlimited());
}
