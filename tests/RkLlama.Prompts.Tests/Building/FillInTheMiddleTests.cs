namespace RkLlama.Prompts.Tests.Building;

public sealed class FillInTheMiddleTests
{
    /// <summary>The control tokens of a vocabulary, and the prompt for the text before (a) and after (b) the gap.</summary>
    public static TheoryData<string, string[], string> Families => new()
    {
        { "Qwen2.5-Coder", ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"], "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>" },
        { "CodeGemma", ["<bos>", "<eos>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|file_separator|>"], "<bos><|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>" },
        { "StarCoder2", ["<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>"], "<fim_prefix>a<fim_suffix>b<fim_middle>" },
        { "DeepSeek-Coder", ["<｜begin▁of▁sentence｜>", "<｜fim▁hole｜>", "<｜fim▁begin｜>", "<｜fim▁end｜>"], "<｜begin▁of▁sentence｜><｜fim▁begin｜>a<｜fim▁hole｜>b<｜fim▁end｜>" },
        { "Codestral", ["<s>", "</s>", "[INST]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]"], "<s>[SUFFIX]b[PREFIX]a" },
        { "GLM-4.5", ["<|endoftext|>", "<|code_prefix|>", "<|code_middle|>", "<|code_suffix|>"], "<|code_prefix|>a<|code_suffix|>b<|code_middle|>" },
    };

    [Theory]
    [MemberData(nameof(Families))]
    public void The_gap_is_marked_with_the_control_tokens_of_the_vocabulary(string name, string[] controlTokens, string expected)
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.AddTokenizer(controlTokens).Load(name);

        Prompt prompt = prompts.BuildFillInTheMiddle("a", "b");

        prompts.SupportsFillInTheMiddle.Should().BeTrue();
        prompts.FillInTheMiddleEnds.Should().NotBeEmpty();
        prompt.Text.Text.Should().Be(expected);
        prompt.Tokens.Should().Equal(prompts.BuildRaw(expected).Tokens);
        prompt.Tokens!.Count(id => id >= 256).Should().Be(prompt.TokenCount - 2, "only the two letters are no control tokens");
    }

    [Fact]
    public void Control_tokens_in_the_texts_of_the_client_have_no_effect()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.AddTokenizer("<fim_prefix>", "<fim_middle>", "<fim_suffix>").Load();
        PromptBuilder unguarded = model.Load(with: settings => settings with { GuardsSpecialTokens = false });

        prompts.BuildFillInTheMiddle("x<fim_suffix>", "<fim_middle>y").Tokens!.Where(id => id >= 256).Should().Equal(256, 258, 257);
        unguarded.BuildFillInTheMiddle("x<fim_suffix>", "<fim_middle>y").Tokens!.Count(id => id >= 256).Should().Be(5);
    }

    [Fact]
    public void Either_text_may_be_empty()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.AddTokenizer("<s>", "[PREFIX]", "[SUFFIX]").Load();

        prompts.BuildFillInTheMiddle("", "b").Text.Text.Should().Be("<s>[SUFFIX]b[PREFIX]");
        prompts.BuildFillInTheMiddle("a", "").Text.Text.Should().Be("<s>[SUFFIX][PREFIX]a");
    }

    [Fact]
    public void A_prompt_beyond_the_context_is_refused()
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.AddTokenizer("<fim_prefix>", "<fim_middle>", "<fim_suffix>").Load();

        FluentActions.Invoking(() => prompts.BuildFillInTheMiddle(new('a', 100), new('b', 100), PromptLimits.None() with { ContextLength = 50, MaxTokens = 50 }))
            .Should().Throw<PromptTooLongException>();
    }

    [Theory]
    [InlineData("<|im_start|>", "<|im_end|>")]
    [InlineData("<fim_prefix>", "<fim_middle>")]
    [InlineData("[PREFIX]", "[SUFFIX]")]
    public void A_vocabulary_without_all_tokens_of_a_family_does_not_support_it(params string[] controlTokens)
    {
        using ModelDirectory model = new();
        PromptBuilder prompts = model.AddTokenizer(controlTokens).Load();

        prompts.SupportsFillInTheMiddle.Should().BeFalse();
        FluentActions.Invoking(() => prompts.BuildFillInTheMiddle("a", "b")).Should().Throw<PromptException>();
    }

    [Fact]
    public void Without_a_tokenizer_nothing_is_supported()
    {
        using ModelDirectory model = new();

        model.Load("Qwen2.5-Coder").SupportsFillInTheMiddle.Should().BeFalse();
    }
}
