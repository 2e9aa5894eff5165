namespace RkLlama.Prompts.Tests.Building;

public sealed class EndTokenTests : IDisposable
{
    private const string PlainTemplate = "{% for m in messages %}{{ m.role + ': ' + m.content + '\n' }}{% endfor %}";

    private readonly ModelDirectory _model = new();

    public void Dispose() => _model.Dispose();

    /// <summary>The control tokens of the model have the ids 256, 257 and 258.</summary>
    [Theory]
    [InlineData("generation_config.json", """{"eos_token_id": 257}""", "257")]
    [InlineData("generation_config.json", """{"eos_token_id": [257, 258, 99999]}""", "257,258")]
    [InlineData("generation_config.json", """{"eos_token_id": null}""", "")]
    [InlineData("generation_config.json", """{"eos_token_id": ["x", 1.5, -1, 12345678901]}""", "")]
    [InlineData("tokenizer_config.json", """{"eos_token": "<|b|>"}""", "257")]
    [InlineData("tokenizer_config.json", """{"eos_token": {"content": "<|b|>", "special": true}}""", "257")]
    [InlineData("special_tokens_map.json", """{"eos_token": "<|c|>"}""", "258")]
    [InlineData("special_tokens_map.json", """{"eos_token": {"content": "<|c|>"}}""", "258")]
    [InlineData("special_tokens_map.json", "[]", "")]
    public void End_tokens_come_from_the_files_of_the_model(string file, string content, string ids)
    {
        _model.AddTokenizer("<|a|>", "<|b|>", "<|c|>").Add("chat_template.jinja", PlainTemplate).Add(file, content);

        PromptBuilder prompts = _model.Load();

        string.Join(',', prompts.EndTokens.Ids.Order()).Should().Be(ids);
        prompts.EndTokens.Texts.Should().HaveCount(prompts.EndTokens.Ids.Count);
    }

    [Theory]
    [InlineData("{{ m.content + '<|b|>\n' }}", "<|b|>")]
    [InlineData("{{ ' ' + m.content + ' <|c|><|a|>' }}", "<|c|>")]
    [InlineData("{{ '<|a|>' + m.role + '\n' + m.content }}", "<|a|>")]
    [InlineData("{{ m.content + ' then <|b|>' }}", null)]
    [InlineData("{{ m.content + '<|b|>' }}{# <|return|> #}", null)]
    [InlineData("{{ raise_exception('no') }}", null)]
    public void The_token_that_the_template_writes_after_an_assistant_message_is_an_end_token(string body, string? expected)
    {
        _model.AddTokenizer("<|a|>", "<|b|>", "<|c|>").Add("chat_template.jinja", "{% for m in messages %}" + body + "{% endfor %}");

        PromptBuilder prompts = _model.Load();

        prompts.EndTokens.Texts.Should().BeEquivalentTo(expected is null ? [] : new[] { expected });
        prompts.EndTokens.Ids.Should().HaveCount(expected is null ? 0 : 1);
    }

    [Theory]
    [InlineData("""{"7": {"content": "<|im_end|>", "special": true}}""", "[7, 8]", "<|im_end|>")]
    [InlineData("""{"7": "<|im_end|>", "8": {"content": "<|endoftext|>"}}""", "[7, 8]", "<|im_end|>,<|endoftext|>")]
    [InlineData("""{"7": {"content": "<|im_end|>"}}""", "7", "<|im_end|>")]
    [InlineData("""{"7": {"content": 7}, "x": {"content": "<|im_end|>"}, "8": null}""", "[7, 8]", "")]
    [InlineData("[]", "7", "")]
    public void Without_a_tokenizer_the_texts_of_ids_come_from_the_configuration(string addedTokens, string ids, string expected)
    {
        _model.Add("chat_template.jinja", PlainTemplate)
            .Add("tokenizer_config.json", $$"""{"added_tokens_decoder": {{addedTokens}}}""").Add("generation_config.json", $$"""{"eos_token_id": {{ids}}}""");

        PromptBuilder prompts = _model.Load();

        prompts.EndTokens.Ids.Should().BeEmpty();
        string.Join(',', prompts.EndTokens.Texts).Should().Be(expected);
    }

    [Fact]
    public void Without_a_tokenizer_there_are_texts_only()
    {
        _model.Add("chat_template.jinja", "{% for m in messages %}{{ m.content + '<|im_end|>' }}{% endfor %}")
            .Add("tokenizer_config.json", """{"eos_token": "</s>"}""").Add("generation_config.json", """{"eos_token_id": 2}""");

        PromptBuilder prompts = _model.Load();

        prompts.EndTokens.Ids.Should().BeEmpty();
        prompts.EndTokens.Texts.Should().BeEquivalentTo("<|im_end|>", "</s>");
    }

    [Theory]
    [InlineData("chatml", "<|im_end|>")]
    [InlineData("llama-3", "<|eot_id|>")]
    [InlineData("llama-2", "</s>")]
    [InlineData("gemma", "<end_of_turn>")]
    [InlineData("phi-3", "<|end|>")]
    [InlineData("zephyr", "</s>")]
    [InlineData("deepseek-r1", "<｜end▁of▁sentence｜>")]
    public void Built_in_templates_have_an_end_token(string template, string expected) =>
        _model.Load(with: settings => settings with { Template = template }).EndTokens.Texts.Should().Equal(expected);

    [Theory]
    [InlineData("a")]
    [InlineData("\n\n\n")]
    [InlineData("")]
    public void A_text_that_may_occur_in_an_answer_does_not_end_it(string text)
    {
        _model.Add("chat_template.jinja", PlainTemplate).Add("tokenizer_config.json", $$"""{"eos_token": "{{System.Text.Json.JsonEncodedText.Encode(text)}}"}""");

        _model.Load().EndTokens.Texts.Should().BeEmpty();
    }

    [Fact]
    public void A_file_that_is_not_json_gives_a_warning()
    {
        _model.AddTokenizer("<|a|>").Add("chat_template.jinja", PlainTemplate).Add("generation_config.json", "{");

        PromptBuilder prompts = _model.Load();

        prompts.Notes.Should().ContainSingle(note => note.IsWarning).Which.Text.Should().Contain("generation_config.json");
    }

    [Theory]
    [InlineData("<|b|>", "257")]
    [InlineData("b", "")]
    [InlineData("<|x|>", "")]
    public void A_stop_sequence_that_is_a_control_token_is_an_end_token(string stop, string ids)
    {
        PromptBuilder prompts = _model.AddTokenizer("<|a|>", "<|b|>").Add("chat_template.jinja", PlainTemplate).Load();

        EndTokens ends = prompts.EndTokens.WithStopSequences([stop], prompts.Tokenizer);

        string.Join(',', ends.Ids).Should().Be(ids);
        ends.Texts.Should().BeEmpty();
    }
}
