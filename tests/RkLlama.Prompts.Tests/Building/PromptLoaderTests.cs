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

    [Theory]
    [InlineData("deepseek-coder-1.3b-instruct")]
    [InlineData("gemma-4-E2B")]
    [InlineData("Phi-3-mini")]
    [InlineData("Llama-3.2-1B")]
    public void The_files_in_the_models_directory_are_used_whatever_its_name_is(string name)
    {
        using ModelDirectory model = new();
        model.AddTokenizer("<|own|>").Add("chat_template.jinja", "{{ '<|own|>' + messages[0].content }}");

        PromptBuilder prompts = model.Load(name);

        prompts.Mode.Should().Be(PromptMode.Tokens);
        prompts.HasTemplate.Should().BeTrue();
        prompts.Build(_hello).Tokens.Should().Equal(256, 'H', 'i');
        prompts.Notes.Should().NotContain(note => note.IsWarning);
    }

    [Theory]
    [InlineData("Qwen/Qwen2.5-1.5B-Instruct", false)]
    [InlineData("deepseek-ai/deepseek-coder-1.3b-instruct", false)]
    [InlineData("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", true)]
    [InlineData("someone/tokenizer", true)]
    public void A_repository_of_another_family_is_not_used(string repository, bool isUsed)
    {
        using ModelDirectory cache = new();
        using ModelDirectory model = new();
        string snapshot = $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}/snapshots/1";
        cache.AddTokenizer("<|im_start|>", "<|im_end|>").Add($"{snapshot}/chat_template.jinja", "found");
        File.Move(Path.Combine(cache.Path, "tokenizer.json"), Path.Combine(cache.Path, snapshot, "tokenizer.json"));

        PromptBuilder prompts = model.Load("DeepSeek-R1-1.5B", settings => settings with { HuggingFacePath = repository, HuggingFaceCache = cache.Path });

        prompts.Mode.Should().Be(isUsed ? PromptMode.Tokens : PromptMode.Text);
        prompts.Build(_hello).Text.Text.Should().Be(isUsed ? "found" : "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>\n");
        prompts.Notes.Any(note => note.IsWarning && note.Text.Contains("does not belong")).Should().Be(!isUsed);
    }

    [Theory]
    [InlineData("gemma-4", "<|im_start|>", "<|im_start|>user")]
    [InlineData("mystery", "<|start_header_id|>", "<|start_header_id|>user")]
    [InlineData("deepseek-coder", "<|other|>", "<|im_start|>user")]
    [InlineData("gemma-2", "<start_of_turn>", "<bos><start_of_turn>user")]
    public void Without_a_template_the_vocabulary_rules_out_a_family_that_the_name_suggests(string name, string controlToken, string expected)
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.AddTokenizer(controlToken).Load(name);

        prompts.Mode.Should().Be(PromptMode.Tokens);
        prompts.Build(_hello).Text.Text.Should().Contain(expected);
        prompts.HasTemplate.Should().BeFalse();
    }

    [Theory]
    [InlineData("DeepSeek-R1-Distill-Qwen-1.5B", "deepseek-r1", "<｜User｜>Hi<｜Assistant｜><think>\n")]
    [InlineData("deepseek_r1_distill_llama_8b", "deepseek-r1", "<｜User｜>Hi<｜Assistant｜><think>\n")]
    [InlineData("deepseek-coder-1.3b-instruct", "deepseek-coder", "### Instruction:\nHi\n### Response:\n")]
    [InlineData("deepseek-coder-6.7b-ver1", "deepseek-coder", "### Instruction:\nHi\n### Response:\n")]
    [InlineData("DeepSeek-Coder-V2-Lite-Instruct", "deepseek-llm", "User: Hi\n\nAssistant:")]
    [InlineData("deepseek-llm-7b-chat", "deepseek-llm", "User: Hi\n\nAssistant:")]
    [InlineData("deepseek-new", "chatml", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")]
    public void Each_generation_of_DeepSeek_gets_its_own_template(string name, string template, string end)
    {
        using ModelDirectory model = new();

        PromptBuilder prompts = model.Load(name);

        prompts.Build(_hello).Text.Text.Should().EndWith(end);
        prompts.Notes.Should().Contain(note => note.Text.Contains(template, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("{0}/tokenizer.json")]
    [InlineData("Org/Name")]
    public void TOKENIZER_names_a_file_a_directory_or_a_repository(string form)
    {
        using ModelDirectory model = new();
        using ModelDirectory other = new();
        string snapshot = Path.Combine(other.Path, "models--Org--Name/snapshots/1");
        other.AddTokenizer("<|own|>").Add("chat_template.jinja", "{{ '<|own|>' }}").Add("models--Org--Name/snapshots/1/x", "");
        model.Add("chat_template.jinja", "model's");
        foreach (string file in (string[])["tokenizer.json", "chat_template.jinja"])
            File.Copy(Path.Combine(other.Path, file), Path.Combine(snapshot, file));

        PromptBuilder prompts = model.Load("gemma", settings => settings with
        {
            Tokenizer = form.Replace("{0}", other.Path, StringComparison.Ordinal),
            HuggingFaceCache = other.Path,
        });

        prompts.Build(_hello).Tokens.Should().Equal(256);
        prompts.Notes.Should().NotContain(note => note.IsWarning);
    }

    [Fact]
    public void TOKENIZER_may_be_relative_to_the_models_directory()
    {
        using ModelDirectory model = new();
        model.AddTokenizer("<|own|>").Add("files/chat_template.jinja", "{{ '<|own|>' }}");
        File.Move(Path.Combine(model.Path, "tokenizer.json"), Path.Combine(model.Path, "files/tokenizer.json"));

        model.Load(with: settings => settings with { Tokenizer = "files" }).Build(_hello).Tokens.Should().Equal(256);
        model.Load(with: settings => settings with { Tokenizer = "./files/tokenizer.json" }).Build(_hello).Tokens.Should().Equal(256);
    }

    [Theory]
    [InlineData("/nowhere/tokenizer.json")]
    [InlineData("missing")]
    [InlineData("../..//\u0001")]
    [InlineData("~")]
    [InlineData("pipe")]
    [InlineData("invalid.json")]
    public void A_TOKENIZER_that_cannot_be_used_is_a_warning_and_the_models_own_files_are_used(string tokenizer)
    {
        using ModelDirectory model = new();
        model.AddTokenizer("<|own|>").Add("chat_template.jinja", "{{ '<|own|>' }}").Add("invalid.json", "{}").AddPipe("pipe");

        PromptBuilder prompts = model.Load(with: settings => settings with { Tokenizer = tokenizer });

        prompts.Build(_hello).Tokens.Should().Equal(256);
        prompts.Notes.Should().Contain(note => note.IsWarning && note.Text.Contains(tokenizer, StringComparison.Ordinal));
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
