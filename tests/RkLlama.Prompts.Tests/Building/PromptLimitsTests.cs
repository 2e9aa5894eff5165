using System.Text.Json;

namespace RkLlama.Prompts.Tests.Building;

public sealed class PromptLimitsTests : IDisposable
{
    private const string LongText = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private readonly ModelDirectory _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void A_conversation_that_cannot_fit_is_refused_before_it_is_rendered()
    {
        _model.AddTokenizer("<|im_start|>", "<|im_end|>");
        PromptBuilder prompts = _model.Load("Qwen2", settings => settings with { Template = "{{ raise_exception('rendered') }}" });

        Action build = () => prompts.Build(new([new("user", new string('a', 3_000_000))]), Limit(100));

        build.Should().Throw<PromptTooLongException>().Which.MinTokens.Should().BeGreaterThan(100);
    }

    [Fact]
    public void Reasoning_tool_calls_and_tools_count_towards_the_length()
    {
        PromptBuilder prompts = _model.Load("Qwen2");
        JsonElement json = JsonElement.Parse($"\"{new string('a', 3_000_000)}\"");
        ChatMessage brief = new("user", "a");

        foreach (Conversation conversation in (Conversation[])
        [
            new([brief with { Reasoning = new string('a', 3_000_000) }]),
            new([brief with { ToolCalls = [new(null, "f", json)] }]),
            new([brief]) { Tools = [json] },
        ])
        {
            Action build = () => prompts.Build(conversation, Limit(100));
            build.Should().Throw<PromptTooLongException>();
        }
    }

    [Fact]
    public void A_prompt_is_refused_only_above_the_limit()
    {
        _model.AddTokenizer("<|im_start|>", "<|im_end|>");
        PromptBuilder prompts = _model.Load("Qwen2");
        Action over = () => prompts.BuildRaw(LongText, Limit(LongText.Length - 1));
        Action overAsText = () => prompts.BuildText(LongText, Limit(LongText.Length - 1));

        prompts.BuildRaw(LongText, Limit(LongText.Length)).TokenCount.Should().Be(LongText.Length);
        over.Should().Throw<PromptTooLongException>().Which.MinTokens.Should().Be(LongText.Length);
        overAsText.Should().Throw<PromptTooLongException>();
    }

    [Fact]
    public void Encoding_stops_soon_after_the_limit()
    {
        _model.AddTokenizer("<|im_start|>", "<|im_end|>");
        string text = string.Concat(Enumerable.Repeat("<|im_end|>", 1000));

        Action build = () => _model.Load("Qwen2").BuildRaw(text, Limit(900));

        build.Should().Throw<PromptTooLongException>().Which.MinTokens.Should().Be(901);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(100)]
    public void A_truncated_text_has_the_first_tokens_of_the_whole(int maxTokens)
    {
        _model.AddTokenizer("<|im_start|>", "<|im_end|>");
        PromptBuilder prompts = _model.Load("Qwen2");

        Prompt prompt = prompts.BuildText(LongText, Limit(maxTokens), truncates: true);

        prompt.Tokens.Should().Equal(prompts.BuildText(LongText).Tokens!.Take(maxTokens));
        prompt.TokenCount.Should().Be(prompt.Tokens!.Count);
    }

    [Fact]
    public void Template_and_tokenizer_share_one_budget_of_processor_time()
    {
        _model.AddTokenizer("<|im_start|>", "<|im_end|>");
        PromptBuilder prompts = _model.Load("Qwen2");
        TimeSpan used = TimeSpan.Zero;
        CpuBudget budget = new(TimeSpan.FromSeconds(1), () => used, CancellationToken.None);
        used = TimeSpan.FromSeconds(2);

        Action render = () => _model.Load("Qwen2", settings => settings with { Template = "{% for i in range(10000) %}{{ i }}{% endfor %}" })
            .Build(new([new("user", "a")]), new(int.MaxValue, budget));
        Action encode = () => prompts.BuildRaw(LongText, new(int.MaxValue, budget));

        render.Should().Throw<PromptException>().WithMessage("*too long*");
        encode.Should().Throw<PromptException>().WithMessage("*too long*");
    }

    [Fact]
    public void One_long_word_is_within_the_budget()
    {
        _model.AddTokenizer("<|im_start|>", "<|im_end|>");
        PromptBuilder prompts = _model.Load("Qwen2");
        int calls = 0;
        CpuBudget budget = new(TimeSpan.FromSeconds(1), () => TimeSpan.FromSeconds(calls++ < 3 ? 0 : 2), CancellationToken.None);

        Action encode = () => prompts.BuildRaw(string.Concat(Enumerable.Repeat("ab", 100_000)), new(int.MaxValue, budget));

        encode.Should().Throw<PromptException>().WithMessage("*too long*");
    }

    [Fact]
    public void Building_can_be_cancelled()
    {
        _model.AddTokenizer("<|im_start|>", "<|im_end|>");
        PromptBuilder prompts = _model.Load("Qwen2");

        Action build = () => prompts.BuildRaw(LongText, PromptLimits.None(new CancellationToken(canceled: true)));

        build.Should().Throw<OperationCanceledException>();
    }

    private static PromptLimits Limit(int maxTokens) => new(maxTokens, CpuBudget.Unlimited()) { MaxTokens = maxTokens };
}
