using System.Text.Json;
using RkLlama.Prompts.Tests.Building;
using static RkLlama.Prompts.Tests.Conversations.Templates;

namespace RkLlama.Prompts.Tests.Conversations;

/// <summary>Template variables of a request.</summary>
public sealed class TemplateVariablesTests
{
    [Theory]
    [InlineData("{{ a }}", """{"a": "text"}""", "text")]
    [InlineData("{{ a + 1 }}", """{"a": 1}""", "2")]
    [InlineData("{{ a.b[1] }}", """{"a": {"b": [1, 2.5]}}""", "2.5")]
    [InlineData("{{ a is none }}", """{"a": null}""", "True")]
    [InlineData("{{ 'on' if a else 'off' }}", """{"a": false}""", "off")]
    [InlineData("{{ a is defined }}", "{}", "False")]
    [InlineData("{% for d in documents %}{{ d.text }}{% endfor %}", """{"documents": [{"text": "x"}]}""", "x")]
    public void Variables_of_the_request_are_defined_in_the_template(string template, string variables, string expected)
    {
        Render(template, variables).Text.Should().Be(expected);
    }

    [Theory]
    [InlineData("{{ messages[0].content }}", """{"messages": []}""", "u")]
    [InlineData("{{ bos_token }}", """{"bos_token": "x"}""", "<s>")]
    [InlineData("{{ pad_token is defined }}", """{"pad_token": "x"}""", "False")]
    [InlineData("{{ tools is defined }}", """{"tools": []}""", "False")]
    [InlineData("{{ add_generation_prompt }}", """{"add_generation_prompt": false}""", "True")]
    [InlineData("{% if messages|length > 9 %}{{ raise_exception('') }}{% endif %}{{ range(1)|length }}", """{"raise_exception": 1, "range": 2}""", "1")]
    public void Variables_that_the_server_sets_cannot_be_changed(string template, string variables, string expected)
    {
        Render(template, variables).Text.Should().Be(expected);
    }

    [Theory]
    [InlineData("{{ 'on' if thinking else 'off' }}", true, null, "on")]
    [InlineData("{{ 'on' if thinking else 'off' }}", false, null, "off")]
    [InlineData("{{ thinking is defined }}", null, null, "False")]
    [InlineData("{% if not thinking is defined %}{% set thinking = false %}{% endif %}{{ thinking }}", true, null, "True")]
    [InlineData("{{ thinking }}", true, """{"thinking": "x"}""", "x")]
    public void The_variable_thinking_of_other_families_is_set_too(string template, bool? asked, string? variables, string expected)
    {
        Conversation conversation = new([new("user", "u")])
        {
            EnableThinking = asked,
            TemplateVariables = variables is null ? null : JsonDocument.Parse(variables).RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value),
        };

        Create(template).Render(conversation, CpuBudget.Unlimited()).Text.Should().Be(expected);
        (Create(template).HasThinkingSwitch(conversation), Create("{% set thinking = 1 %}{{ thinking }}").HasThinkingSwitch(conversation)).Should().Be((true, false));
    }

    [Fact]
    public void Their_text_is_request_text()
    {
        Render("<{{ a }}>", """{"a": "x"}""").RequestSpans.Should().Equal(new PromptSpan(1, 2));
    }

    [Theory]
    [InlineData(null, null, true, "True")]
    [InlineData(null, false, true, "False")]
    [InlineData("""{"enable_thinking": false}""", null, true, "False")]
    [InlineData("""{"enable_thinking": false}""", true, null, "True")]
    public void The_variable_enable_thinking_has_priority_over_the_Modelfile(string? variables, bool? asked, bool? byDefault, string expected)
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.Load(with: settings => settings with { Template = "{{ enable_thinking }}", EnableThinking = byDefault });

        prompts.Build(Conversation(variables ?? "{}") with { EnableThinking = asked }).Text.Text.Should().Be(expected);
    }

    [Fact]
    public void Variables_without_effect_are_reported()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.Load(with: settings => settings with { Template = "{{ a }}{% set b = 1 %}{{ messages[0].c }}" });

        prompts.Build(Conversation("""{"a": 1, "c": 1, "messages": 1}""")).Ignored.Variables.Should().Equal("c", "messages");
    }

    [Fact]
    public void In_runtime_mode_all_of_them_are_reported()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.Load(with: settings => settings with { Template = "{{ a }}", Mode = PromptMode.Runtime });
        Conversation conversation = new([new("user", "u"), new("assistant", "a")])
        {
            TemplateVariables = Variables("""{"a": 1}"""),
            ContinuesLastMessage = true,
            EnableThinking = false,
        };

        prompts.Build(conversation).Ignored.Should().BeEquivalentTo(new IgnoredInput(["a"], true, true));
    }

    private static PromptText Render(string template, string variables) => Create(template).Render(Conversation(variables), CpuBudget.Unlimited());

    private static Conversation Conversation(string variables) => new([new("user", "u")]) { TemplateVariables = Variables(variables) };

    private static Dictionary<string, JsonElement> Variables(string json) => Json(json).EnumerateObject().ToDictionary(property => property.Name, property => property.Value);
}
