using RkLlama.Prompts.Tests.Building;
using static RkLlama.Prompts.Tests.Conversations.Templates;

namespace RkLlama.Prompts.Tests.Conversations;

/// <summary>Tools for models whose template knows none.</summary>
public sealed class GenericToolsTests
{
    private static readonly Conversation _loop = new([new("user", "u"), Calls(null, Call("c")), Result("c", "cold")]) { Tools = [Tool] };

    [Theory]
    [InlineData("gemma-2")]
    [InlineData("tinyllama")]
    [InlineData("phi-3")]
    public void Tools_calls_and_results_are_in_the_prompt(string model)
    {
        string text = Load(model, true).Build(_loop).Text.Text;

        text.Should().Contain("\"name\": \"get_weather\", \"description\"").And.Contain("<tools>");
        text.Should().Contain("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>");
        text.Should().Contain("<tool_response>\ncold\n</tool_response>");
    }

    [Fact]
    public void The_systems_message_stays_before_the_tools()
    {
        string text = Load("phi-3", true).Build(_loop with { Messages = [new("system", "Be brief."), new("user", "u")] }).Text.Text;

        text.Should().StartWith("<|system|>\nBe brief.\n\nYou can call functions.");
    }

    [Fact]
    public void Without_tools_the_prompt_has_no_description()
    {
        Load("phi-3", true).Build(new([new("user", "u")])).Text.Text.Should().Be("<|user|>\nu<|end|>\n<|assistant|>\n");
    }

    [Fact]
    public void Without_the_setting_the_tools_are_not_described()
    {
        Load("phi-3", false).Build(_loop).Text.Text.Should().NotContain("<tools>");
        Load("phi-3", false).ToolTemplateSource.Should().NotContain("<tool_call>");
        Load("phi-3", true).ToolTemplateSource.Should().Contain("<tool_call>").And.Contain("tools");
    }

    private static PromptBuilder Load(string name, bool generic)
    {
        using ModelDirectory model = new();
        return model.Load(name, settings => settings with { UsesGenericTools = generic });
    }
}
