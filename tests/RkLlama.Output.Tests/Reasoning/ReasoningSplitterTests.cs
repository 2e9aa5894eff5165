using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.Reasoning;

public sealed class ReasoningSplitterTests
{
    private static readonly OutputPipelineSettings Splits = new();
    private static readonly OutputPipelineSettings Opened = new() { StartTag = ReasoningTags.All[0] };
    private static readonly OutputPipelineSettings Raw = new() { SplitsReasoning = false };

    [Theory]
    [InlineData("<think>\nHm.\n</think>\n\nHi", "Hm.", "Hi")]
    [InlineData(" \n<think>Hm</think>Hi", "Hm", "Hi")]
    [InlineData("<think>\n\n</think>\n\nHi", "", "Hi")]
    [InlineData("<think></think>", "", "")]
    [InlineData("<think>a\n\nb</think>c\n", "a\n\nb", "c\n")]
    [InlineData("<think>a</thin>b</</think>c", "a</thin>b</", "c")]
    [InlineData("<think>a</think></think>b", "a", "b")]
    [InlineData("<think>a</think>\n</think>\n</think>\n\nb", "a", "b")]
    [InlineData("<think>a</think>b</think>", "a", "b</think>")]
    [InlineData("<think>a <think> b</think>c", "a <think> b", "c")]
    [InlineData("<think><think>a</think></think>Hello", "a", "Hello")]
    [InlineData("<think>\n<think>\na\n</think>\n\nHello", "a", "Hello")]
    [InlineData("[THINK][THINK]a[/THINK]Hello", "a", "Hello")]
    [InlineData("<|channel|>final<|message|>Hello<|return|>", "", "Hello")]
    [InlineData("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Hello<|return|>\n", "a", "Hello")]
    [InlineData("<|channel|>final<|message|>The tag <|return|> is one.", "", "The tag <|return|> is one.")]
    public void A_block_at_the_start_is_reasoning_without_surrounding_white_space(string answer, string reasoning, string content)
    {
        PipelineResult result = Pipeline.Run(Splits, answer);

        result.Reasoning.Should().Be(reasoning);
        result.Content.Should().Be(content);
    }

    [Theory]
    [InlineData("  Hi <think>x</think>")]
    [InlineData("<thinker>x")]
    [InlineData("<thin")]
    [InlineData("x</think>y")]
    [InlineData(" \n ")]
    public void Output_that_does_not_start_with_the_block_is_content(string answer)
    {
        PipelineResult result = Pipeline.Run(Splits, answer);

        result.Content.Should().Be(answer);
        result.Reasoning.Should().BeEmpty();
    }

    [Theory]
    [InlineData("<think>\na\n</think>\n\nb\n</think>\n\nHello", "b\nHello", "rcuc")]
    [InlineData("<think>a</think>b\n</think> is a tag", "b\n</think> is a tag", "rc")]
    [InlineData("<think>a</think>b\n<think>\nc\n</think>\nd", "b\n<think>\nc\n</think>\nd", "rc")]
    public void A_second_closing_tag_that_is_alone_on_its_line_ends_reasoning(string answer, string content, string order)
    {
        OutputPipelineSettings settings = new() { ModelTag = ReasoningTags.All[0] };

        PipelineResult result = Pipeline.Run(settings, answer);

        (result.Content.Replace("\n\n", "\n", StringComparison.Ordinal), result.Reasoning, result.Order).Should().Be((content, "a", order));
        Pipeline.ExpectFromAnyTokens(result, settings, answer, seed: 3, splits: 5);
    }

    [Fact]
    public void A_second_block_is_content()
    {
        PipelineResult result = Pipeline.Run(Splits, "<think>a</think>b<think>c</think>");

        result.Reasoning.Should().Be("a");
        result.Content.Should().Be("b<think>c</think>");
    }

    [Theory]
    [InlineData("\nHm.\n</think>\n\nHi", "Hm.", "Hi")]
    [InlineData("<think>\nHm.\n</think>\n\nHi", "Hm.", "Hi")]
    [InlineData("\n</think>\n\nHi", "", "Hi")]
    [InlineData("a <think> b</think>Hi", "a <think> b", "Hi")]
    public void A_block_opened_by_the_template_needs_no_open_tag(string answer, string reasoning, string content)
    {
        PipelineResult result = Pipeline.Run(Opened, answer);

        result.Reasoning.Should().Be(reasoning);
        result.Content.Should().Be(content);
    }

    [Theory]
    [InlineData("Hm, ", "Hm,")]
    [InlineData("Hm</thi", "Hm</thi")]
    public void A_block_without_closing_tag_is_reasoning(string answer, string reasoning)
    {
        PipelineResult result = Pipeline.Run(Opened, answer);

        result.Reasoning.Should().Be(reasoning);
        result.Content.Should().BeEmpty();
    }

    [Theory]
    [InlineData("<think>\nHm.\n</think>\n\nHi <think>")]
    [InlineData(" <think>\nHm.\n ")]
    public void Without_splitting_the_block_stays_in_the_content_unchanged(string answer)
    {
        PipelineResult result = Pipeline.Run(Raw, answer);

        result.Content.Should().Be(answer);
        result.Reasoning.Should().BeEmpty();
    }

    [Fact]
    public void Without_splitting_the_block_is_not_searched_for_tool_calls()
    {
        string block = "<think><tool_call>{\"name\": \"get_time\"}</tool_call></think>";

        PipelineResult result = Pipeline.Run(Pipeline.SettingsFor(ToolFamilies.Hermes) with { SplitsReasoning = false }, block, "<tool_call>{\"name\": \"get_weather\"}</tool_call>");

        result.Content.Should().Be(block);
        result.Calls.Should().Equal("get_weather{}");
    }

    [Fact]
    public void No_part_is_empty()
    {
        List<OutputPart> parts = Pipeline.RunToParts(Splits, ["<think>", "\n", "", "\n", "</think>", "\n\n", "", "Hi", ""], out _);

        parts.Should().Equal(new ContentPart("Hi"));
    }

    [Fact]
    public void Reasoning_is_emitted_per_token_except_white_space_and_partial_tags()
    {
        OutputPipeline pipeline = new(Splits);
        List<OutputPart> parts = [];

        foreach (string token in (string[])["<think>", "\n", "One", " two\n", "</", "b", "</think>", "Hi"])
            pipeline.Add(new(token, OutputTokenKind.Text), parts);

        parts.Should().Equal(new ReasoningPart("One"), new ReasoningPart(" two"), new ReasoningPart("\n</b"), new ContentPart("Hi"));
    }

    [Fact]
    public void Reasoning_tokens_include_the_tags()
    {
        OutputPipeline pipeline = new(Splits);
        List<bool> inside = [];

        foreach (string token in (string[])["\n", "<think>", "a", "", "b", "</think>", "\n", "Hi"])
        {
            pipeline.Add(new(token, OutputTokenKind.Text), []);
            inside.Add(pipeline.IsInReasoning);
        }

        pipeline.ReasoningTokens.Should().Be(5);
        inside.Should().Equal(false, true, true, true, true, false, false, false);
    }

    [Fact]
    public void Reasoning_tokens_are_counted_in_a_block_opened_by_the_template()
    {
        OutputPipeline pipeline = new(Opened);

        foreach (string token in (string[])["a", "b", "</think>", "Hi"])
            pipeline.Add(new(token, OutputTokenKind.Text), []);

        pipeline.ReasoningTokens.Should().Be(3);
    }
}
