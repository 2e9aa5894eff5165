using System.Text.Json;
using RkLlama.Prompts.Tests.Building;

namespace RkLlama.Prompts.Tests.FieldReports;

/// <summary>Files of models that were not read, or not used. Each row has the id of a report in the table of field reports.</summary>
public sealed class ReportedModelFilesTests : IDisposable
{
    private static readonly Conversation Hello = new([new("user", "Hi")]);

    private readonly ModelDirectory _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("A12", "deepseek-coder-1.3b-instruct")]
    [InlineData("A12", "DeepSeek-V2-Lite-Chat")]
    [InlineData("A12", "llama-3-deepseek-merge")]
    [InlineData("A13", "gemma-4-E2B-it")]
    [InlineData("A13", "gemma3n-custom")]
    [InlineData("A13", "Qwen3-4B")]
    public void The_models_own_files_are_used_whatever_its_name_is(string id, string name)
    {
        PromptBuilder prompts = _model.AddTokenizer("<|own|>").Add("chat_template.jinja", "{{ '<|own|>' + messages[0].content }}").Load(name);

        prompts.Build(Hello).Tokens.Should().Equal([256, 'H', 'i'], id);
        prompts.Notes.Should().NotContain(note => note.IsWarning, id);
    }

    [Theory]
    [InlineData("A14", "Qwen3-1.7B")]
    [InlineData("A14", "SmolLM3-3B")]
    [InlineData("A14", "qwen3-0.6b-rk3588-w8a8")]
    public void Without_a_template_thinking_is_turned_off_by_an_empty_block(string id, string name)
    {
        Prompt off = _model.Load(name).Build(Hello with { EnableThinking = false });
        Prompt on = _model.Load(name).Build(Hello with { EnableThinking = true });

        off.Text.Text.Should().EndWith("<think>\n\n</think>\n\n", id);
        on.Text.Text.Should().NotContain("</think>", id);
        (off.Ignored.Thinking, on.Ignored.Thinking).Should().Be((false, false), id);
    }

    [Theory]
    [InlineData("A15", "{0}/other/tokenizer.json")]
    [InlineData("A15", "{0}/other")]
    [InlineData("A15", "other")]
    public void TOKENIZER_names_the_files(string id, string tokenizer)
    {
        _model.AddTokenizer("<|own|>").Add("other/chat_template.jinja", "{{ '<|own|>' }}");
        File.Move(Path.Combine(_model.Path, "tokenizer.json"), Path.Combine(_model.Path, "other/tokenizer.json"));

        PromptBuilder prompts = _model.Load(with: settings => settings with { Tokenizer = tokenizer.Replace("{0}", _model.Path, StringComparison.Ordinal) });

        prompts.Build(Hello).Tokens.Should().Equal([256], id);
    }

    [Theory]
    [InlineData("A18", "chat_template.json", """{"chat_template": "own:{{ messages[0].content }}"}""")]
    [InlineData("A18", "chat_template.json", """{"chat_template": [{"name": "default", "template": "own:{{ messages[0].content }}"}]}""")]
    [InlineData("A18", "tokenizer_config.json", """{"chat_template": {"default": "own:{{ messages[0].content }}"}}""")]
    public void The_template_is_found_in_each_file(string id, string file, string content) =>
        _model.Add(file, content).Load().Build(Hello).Text.Text.Should().Be("own:Hi", id);

    [Theory]
    [InlineData("A19", "chat_template.jinja", "plain")]
    [InlineData("A19", "tokenizer_config.json", """{"chat_template": "plain"}""")]
    [InlineData("A19", "additional_chat_templates/default.jinja", "plain")]
    [InlineData("T89", "chat_template.jinja", "plain")]
    public void The_additional_template_renders_requests_with_tools(string id, string file, string content)
    {
        PromptBuilder prompts = _model.Add(file, content).Add("additional_chat_templates/tool_use.jinja", "tools:{{ tools[0].function.name }}").Load();

        prompts.Build(Hello).Text.Text.Should().Be("plain", id);
        prompts.Build(Hello with { Tools = [JsonElement.Parse("""{"type": "function", "function": {"name": "f"}}""")] }).Text.Text.Should().Be("tools:f", id);
    }

    [Theory]
    [InlineData("A42", "tokenizer_config.json", """{"eos_token": "<|im_end|>"}""")]
    [InlineData("A42", "generation_config.json", """{"eos_token_id": [257]}""")]
    [InlineData("A42", "special_tokens_map.json", """{"eos_token": {"content": "<|im_end|>"}}""")]
    public void The_end_token_is_read_from_the_models_files(string id, string file, string content) =>
        _model.AddTokenizer("<|a|>", "<|im_end|>").Add("chat_template.jinja", "{{ messages[0].content }}").Add(file, content).Load()
            .EndTokens.Ids.Should().Equal([257], id);
}
