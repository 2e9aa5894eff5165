namespace RkLlama.Prompts.Tests.Building;

/// <summary>Selection of the template and the tokenizer of a model.</summary>
public sealed class PromptLoaderTests
{
    private static readonly Conversation _hello = new([new("user", "Hi")]);

    [Fact]
    public void The_Modelfiles_template_has_priority_over_files()
    {
        using ModelDirectory model = new();
        model.Add("chat_template.jinja", "file").Add("own.jinja", "own:{{ messages[0].content }}");

        model.Load(with: settings => settings with { Template = "given:{{ messages[0].content }}" }).Build(_hello).Text.Text.Should().Be("given:Hi");
        model.Load(with: settings => settings with { Template = "own.jinja" }).Build(_hello).Text.Text.Should().Be("own:Hi");
        model.Load(with: settings => settings with { Template = "zephyr" }).Build(_hello).Text.Text.Should().Be("<|user|>\nHi</s>\n<|assistant|>\n");
    }

    [Fact]
    public void An_invalid_template_in_the_Modelfile_is_an_error()
    {
        using ModelDirectory model = new();

        Action load = () => model.Load(with: settings => settings with { Template = "{% if %}" });

        load.Should().Throw<PromptException>().WithMessage("TEMPLATE in the Modelfile*line 1*chatml*");
    }

    [Fact]
    public void The_template_named_tool_use_renders_requests_with_tools()
    {
        using ModelDirectory model = new();
        model.Add(
            "tokenizer_config.json",
            """{"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools:{{ tools[0].function.name }}"}]}""");
        PromptBuilder prompts = model.Load();
        using System.Text.Json.JsonDocument tool = System.Text.Json.JsonDocument.Parse("""{"type": "function", "function": {"name": "f"}}""");

        prompts.Build(_hello).Text.Text.Should().Be("plain");
        prompts.Build(_hello with { Tools = [tool.RootElement] }).Text.Text.Should().Be("tools:f");
    }

    [Fact]
    public void An_unknown_family_gets_chatml_and_a_warning()
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Load("mystery");

        prompts.Build(_hello).Text.Text.Should().StartWith("<|im_start|>user");
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("chatml"));
    }

    [Fact]
    public void An_invalid_template_file_is_replaced_by_the_built_in_template_with_a_warning()
    {
        using ModelDirectory model = new();
        model.Add("chat_template.jinja", "{% for %}");

        PromptBuilder prompts = model.Load("gemma-2");

        prompts.Build(_hello).Text.Text.Should().StartWith("<bos><start_of_turn>user");
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("cannot be used"));
    }

    [Fact]
    public void A_tokenizer_of_another_family_is_not_used()
    {
        using ModelDirectory model = new();
        model.AddTokenizer("<|im_start|>", "<|im_end|>").Add("chat_template.jinja", "{{ '<|im_start|>' }}");

        PromptBuilder prompts = model.Load("DeepSeek-R1-1.5B");

        prompts.Mode.Should().Be(PromptMode.Text);
        prompts.Build(_hello).Text.Text.Should().Be("<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>\n");
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("does not belong"));
    }

    [Fact]
    public void With_an_unsupported_tokenizer_prompts_are_sent_as_text()
    {
        using ModelDirectory model = new();
        model.Add("tokenizer.json", """{"model": {"type": "Unigram", "vocab": []}}""");

        PromptBuilder prompts = model.Load("Qwen2.5");

        prompts.Build(_hello).Tokens.Should().BeNull();
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("Unigram"));
    }
}
