using System.Text.Json;

namespace RkLlama.Prompts.Tests.Building;

/// <summary>The layouts in which the files of a model contain chat templates and special tokens.</summary>
public sealed class TemplateFileTests
{
    private static readonly Conversation _hello = new([new("user", "Hi")]);
    private static readonly Conversation _withTools = _hello with { Tools = [JsonElement.Parse("""{"type": "function", "function": {"name": "f"}}""")] };

    [Theory]
    [InlineData("""{"chat_template": "json:{{ messages[0].content }}"}""", "json:Hi")]
    [InlineData("""{"chat_template": [{"name": "default", "template": "list:{{ messages[0].content }}"}]}""", "list:Hi")]
    [InlineData("""{"chat_template": {"default": "object:{{ messages[0].content }}"}}""", "object:Hi")]
    [InlineData("\uFEFF{\"chat_template\": \"bom\"}", "bom")]
    public void The_template_file_of_a_multimodal_model_is_read(string json, string expected)
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Add("chat_template.json", json).Load();

        prompts.Build(_hello).Text.Text.Should().Be(expected);
        prompts.HasTemplate.Should().BeTrue();
    }

    [Fact]
    public void A_Jinja_file_comes_before_chat_template_json_and_this_before_the_configuration()
    {
        using ModelDirectory model = new();

        model.Add("tokenizer_config.json", """{"chat_template": "config"}""").Load().TemplateSource.Should().Be("config");
        model.Add("chat_template.json", """{"chat_template": "json"}""").Load().TemplateSource.Should().Be("json");
        model.Add("chat_template.jinja", "jinja").Load().TemplateSource.Should().Be("jinja");
    }

    [Theory]
    [InlineData("chat_template.jinja", "plain")]
    [InlineData("chat_template.json", """{"chat_template": "plain"}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": "plain"}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "old"}]}""")]
    [InlineData("additional_chat_templates/default.jinja", "plain")]
    public void An_additional_template_renders_requests_with_tools(string file, string content)
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Add(file, content).Add("additional_chat_templates/tool_use.jinja", "tools:{{ tools[0].function.name }}").Load();

        prompts.Build(_hello).Text.Text.Should().Be("plain");
        prompts.Build(_withTools).Text.Text.Should().Be("tools:f");
        prompts.ToolTemplateSource.Should().StartWith("tools:");
    }

    [Theory]
    [InlineData("additional_chat_templates/tool_use.jinja", "only:{{ messages[0].content }}")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "tool_use", "template": "only:{{ messages[0].content }}"}]}""")]
    public void The_only_template_renders_all_requests(string file, string content)
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Add(file, content).Load();

        prompts.Build(_hello).Text.Text.Should().Be("only:Hi");
        prompts.Build(_withTools).Text.Text.Should().Be("only:Hi");
    }

    [Fact]
    public void An_additional_template_that_is_not_valid_costs_only_itself()
    {
        using ModelDirectory model = new();
        model.Add("chat_template.jinja", "plain").Add("additional_chat_templates/tool_use.jinja", "{% for %}");
        using ModelDirectory piped = new();
        piped.Add("chat_template.jinja", "plain").Add("additional_chat_templates/other.jinja", "").AddPipe("additional_chat_templates/tool_use.jinja");

        foreach (PromptBuilder prompts in (PromptBuilder[])[model.Load(), piped.Load()])
        {
            prompts.Build(_withTools).Text.Text.Should().Be("plain");
            prompts.Notes.Should().Contain(note => note.IsWarning && note.Part == PromptComponent.Template);
        }
    }

    [Theory]
    [InlineData("chat_template.json", "not JSON", 1)]
    [InlineData("chat_template.json", """{"chat_template": "{% for %}"}""", 1)]
    [InlineData("chat_template.json", """{"chat_template": ""}""", 0)]
    [InlineData("chat_template.json", """{"chat_template": 5}""", 0)]
    [InlineData("chat_template.jinja", "", 0)]
    [InlineData("chat_template.jinja", " \n", 0)]
    [InlineData("chat_template.jinja", "{% if %}", 1)]
    public void A_file_without_a_usable_template_does_not_hide_the_next_one(string file, string content, int warnings)
    {
        using ModelDirectory model = new();
        model.Add("tokenizer_config.json", """{"chat_template": "config:{{ messages[0].content }}"}""").Add(file, content);

        PromptBuilder prompts = model.Load("qwen");

        prompts.Build(_hello).Text.Text.Should().Be("config:Hi");
        prompts.Notes.Where(note => note.IsWarning && note.Part == PromptComponent.Template).Should().HaveCount(warnings);
    }

    [Theory]
    [InlineData(null, """{"bos_token": "<B>", "eos_token": {"content": "<E>"}}""", "<B>|<E>")]
    [InlineData("""{"bos_token": "<C>"}""", """{"bos_token": "<B>", "eos_token": "<E>"}""", "<C>|<E>")]
    [InlineData("""{"bos_token": null}""", """{"bos_token": "<B>", "eos_token": "<E>"}""", "|<E>")]
    [InlineData("""{"bos_token": "<C>"}""", "not JSON", "<C>|")]
    [InlineData("""{"bos_token": "<C>"}""", "[]", "<C>|")]
    public void Tokens_that_the_configuration_does_not_mention_come_from_the_special_tokens_map(string? config, string map, string expected)
    {
        using ModelDirectory model = new();
        model.Add("chat_template.jinja", "{{ bos_token }}|{{ eos_token }}").Add("special_tokens_map.json", map);
        if (config is not null)
            model.Add("tokenizer_config.json", config);

        model.Load().Build(_hello).Text.Text.Should().Be(expected);
    }

    [Fact]
    public void Without_these_files_a_template_gets_only_tokens_of_the_vocabulary()
    {
        using ModelDirectory model = new();

        model.AddTokenizer("<|im_end|>").Add("chat_template.jinja", "{{ bos_token }}|{{ eos_token }}");

        model.Load("deepseek-coder").Build(_hello).Text.Text.Should().Be("|");
        model.Load("qwen").Build(_hello).Text.Text.Should().Be("|<|im_end|>");
    }
}
