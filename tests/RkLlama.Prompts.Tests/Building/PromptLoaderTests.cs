namespace RkLlama.Prompts.Tests.Building;

/// <summary>Which template and tokenizer a model gets.</summary>
public sealed class PromptFilesTests
{
    private static readonly Conversation _hello = new([new("user", "Hi")]);

    [Fact]
    public void The_template_file_goes_before_the_configuration()
    {
        using ModelDirectory model = new();
        model.Add("tokenizer_config.json", """{"chat_template": "config"}""").Add("chat_template.jinja", "file:{{ messages[0].content }}");

        model.Load().Build(_hello).Text.Text.Should().Be("file:Hi");
    }

    [Fact]
    public void The_template_of_the_modelfile_goes_before_all()
    {
        using ModelDirectory model = new();
        model.Add("chat_template.jinja", "file").Add("own.jinja", "own:{{ messages[0].content }}");

        model.Load(with: settings => settings with { Template = "given:{{ messages[0].content }}" }).Build(_hello).Text.Text.Should().Be("given:Hi");
        model.Load(with: settings => settings with { Template = "own.jinja" }).Build(_hello).Text.Text.Should().Be("own:Hi");
        model.Load(with: settings => settings with { Template = "zephyr" }).Build(_hello).Text.Text.Should().Be("<|user|>\nHi</s>\n<|assistant|>\n");
    }

    [Fact]
    public void A_mistake_in_the_template_of_the_modelfile_is_an_error()
    {
        using ModelDirectory model = new();

        Action load = () => model.Load(with: settings => settings with { Template = "{% if %}" });

        load.Should().Throw<PromptException>().WithMessage("TEMPLATE in the Modelfile*line 1*chatml*");
    }

    [Fact]
    public void A_list_of_templates_has_one_for_tools()
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

    [Theory]
    [InlineData("Qwen2.5-1.5B", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")]
    [InlineData("Llama-2-7b-chat", "<s>[INST] Hi [/INST]")]
    [InlineData("Meta-Llama-3.1-8B", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n")]
    [InlineData("gemma-2-2b-it", "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n")]
    [InlineData("Phi-3-mini-4k", "<|user|>\nHi<|end|>\n<|assistant|>\n")]
    [InlineData("TinyLlama-1.1B-Chat-v1.0", "<|user|>\nHi</s>\n<|assistant|>\n")]
    [InlineData("DeepSeek-R1-Distill-Qwen-1.5B", "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>\n")]
    public void Without_files_the_family_decides(string name, string expected)
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Load(name);

        prompts.Build(_hello).Text.Text.Should().Be(expected);
        prompts.Notes.Where(note => note.IsWarning).Should().ContainSingle(note => note.Text.Contains("tokenizer.json"));
    }

    [Fact]
    public void A_model_of_no_known_family_gets_chatml_and_a_warning()
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Load("mystery");

        prompts.Build(_hello).Text.Text.Should().StartWith("<|im_start|>user");
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("chatml"));
    }

    [Fact]
    public void A_broken_template_file_falls_back_with_a_warning()
    {
        using ModelDirectory model = new();
        model.Add("chat_template.jinja", "{% for %}");

        PromptBuilder prompts = model.Load("gemma-2");

        prompts.Build(_hello).Text.Text.Should().StartWith("<bos><start_of_turn>user");
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("cannot be used"));
    }

    [Fact]
    public void The_cache_of_the_hugging_face_libraries_is_read()
    {
        using ModelDirectory model = new();
        using ModelDirectory cache = new();
        cache.Add("hub/models--Org--Name/refs/main", "abc123\n")
            .Add("hub/models--Org--Name/snapshots/abc123/tokenizer_config.json", """{"chat_template": "cached:{{ bos_token }}", "bos_token": {"content": "<B>"}}""")
            .Add("hub/models--Org--Name/snapshots/older/tokenizer_config.json", """{"chat_template": "older"}""");
        Environment.SetEnvironmentVariable("HF_HOME", cache.Path);
        try
        {
            model.Load(with: settings => settings with { HuggingFacePath = "Org/Name" }).Build(_hello).Text.Text.Should().Be("cached:<B>");
            model.Load(with: settings => settings with { HuggingFacePath = "../hub" }).Build(_hello).Text.Text.Should().StartWith("<|im_start|>");
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_HOME", null);
        }
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
    public void A_tokenizer_that_is_not_supported_leaves_the_text_path()
    {
        using ModelDirectory model = new();
        model.Add("tokenizer.json", """{"model": {"type": "Unigram", "vocab": []}}""");

        PromptBuilder prompts = model.Load("Qwen2.5");

        prompts.Build(_hello).Tokens.Should().BeNull();
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains("Unigram"));
    }
}
