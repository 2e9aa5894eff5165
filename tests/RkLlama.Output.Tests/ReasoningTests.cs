using RkLlama.Output.ToolCalls;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests;

public sealed class ReasoningTests
{
    private static readonly OutputSettings Splits = new();
    private static readonly OutputSettings Opened = new() { StartsInReasoning = true };
    private static readonly OutputSettings Raw = new() { SplitsReasoning = false };

    [Theory]
    [InlineData("<think>\nHm.\n</think>\n\nHi", "Hm.", "Hi")]
    [InlineData(" \n<think>Hm</think>Hi", "Hm", "Hi")]
    [InlineData("<think>\n\n</think>\n\nHi", "", "Hi")]
    [InlineData("<think></think>", "", "")]
    [InlineData("<think>a\n\nb</think>c\n", "a\n\nb", "c\n")]
    [InlineData("<think>a</thin>b</</think></think>c", "a</thin>b</", "</think>c")]
    [InlineData("<think>a <think> b</think>c", "a <think> b", "c")]
    public void The_block_at_the_start_is_reasoning_without_the_white_space_around_it(string answer, string reasoning, string content)
    {
        Sorted sorted = Answers.Sort(Splits, answer);

        sorted.Reasoning.Should().Be(reasoning);
        sorted.Content.Should().Be(content);
    }

    [Theory]
    [InlineData("  Hi <think>x</think>")]
    [InlineData("<thinking>x")]
    [InlineData("<thin")]
    [InlineData("x</think>y")]
    [InlineData(" \n ")]
    public void What_does_not_begin_with_the_block_is_content_as_it_stands(string answer)
    {
        Sorted sorted = Answers.Sort(Splits, answer);

        sorted.Content.Should().Be(answer);
        sorted.Reasoning.Should().BeEmpty();
    }

    [Fact]
    public void A_second_block_is_content()
    {
        Sorted sorted = Answers.Sort(Splits, "<think>a</think>b<think>c</think>");

        sorted.Reasoning.Should().Be("a");
        sorted.Content.Should().Be("b<think>c</think>");
    }

    [Theory]
    [InlineData("\nHm.\n</think>\n\nHi", "Hm.", "Hi")]
    [InlineData("<think>\nHm.\n</think>\n\nHi", "Hm.", "Hi")]
    [InlineData("\n</think>\n\nHi", "", "Hi")]
    [InlineData("a <think> b</think>Hi", "a <think> b", "Hi")]
    public void A_block_that_the_template_opened_needs_no_opener(string answer, string reasoning, string content)
    {
        Sorted sorted = Answers.Sort(Opened, answer);

        sorted.Reasoning.Should().Be(reasoning);
        sorted.Content.Should().Be(content);
    }

    [Theory]
    [InlineData("Hm, ", "Hm,")]
    [InlineData("Hm</thi", "Hm</thi")]
    public void A_block_that_never_ends_is_reasoning(string answer, string reasoning)
    {
        Sorted sorted = Answers.Sort(Opened, answer);

        sorted.Reasoning.Should().Be(reasoning);
        sorted.Content.Should().BeEmpty();
    }

    [Theory]
    [InlineData("<think>\nHm.\n</think>\n\nHi <think>")]
    [InlineData(" <think>\nHm.\n ")]
    public void Unsplit_the_block_stays_in_the_content_character_for_character(string answer)
    {
        Sorted sorted = Answers.Sort(Raw, answer);

        sorted.Content.Should().Be(answer);
        sorted.Reasoning.Should().BeEmpty();
    }

    [Fact]
    public void Unsplit_the_block_is_still_not_searched_for_tools()
    {
        string block = "<think><tool_call>{\"name\": \"get_time\"}</tool_call></think>";

        Sorted sorted = Answers.Sort(Answers.With(ToolSyntax.Hermes) with { SplitsReasoning = false }, block, "<tool_call>{\"name\": \"get_weather\"}</tool_call>");

        sorted.Content.Should().Be(block);
        sorted.Calls.Should().Equal("get_weather{}");
    }

    [Fact]
    public void No_part_is_ever_empty()
    {
        List<OutputPart> parts = Answers.Parts(Splits, ["<think>", "\n", "", "\n", "</think>", "\n\n", "", "Hi", ""], out _);

        parts.Should().Equal(new ContentPart("Hi"));
    }

    [Fact]
    public void Reasoning_goes_out_token_by_token_with_only_white_space_and_possible_tags_held_back()
    {
        OutputPipeline pipeline = new(Splits);
        List<OutputPart> parts = [];

        foreach (string token in (string[])["<think>", "\n", "One", " two\n", "</", "b", "</think>", "Hi"])
            pipeline.Add(token, parts);

        parts.Should().Equal(new ReasoningPart("One"), new ReasoningPart(" two"), new ReasoningPart("\n</b"), new ContentPart("Hi"));
    }

    [Fact]
    public void Tokens_of_the_block_are_counted_with_its_tags()
    {
        OutputPipeline pipeline = new(Splits);
        List<bool> inside = [];

        foreach (string token in (string[])["\n", "<think>", "a", "", "b", "</think>", "\n", "Hi"])
        {
            pipeline.Add(token, []);
            inside.Add(pipeline.IsInReasoning);
        }

        pipeline.ReasoningTokens.Should().Be(5);
        inside.Should().Equal(false, true, true, true, true, false, false, false);
    }

    [Fact]
    public void Tokens_of_a_block_that_the_template_opened_are_counted()
    {
        OutputPipeline pipeline = new(Opened);

        foreach (string token in (string[])["a", "b", "</think>", "Hi"])
            pipeline.Add(token, []);

        pipeline.ReasoningTokens.Should().Be(3);
    }
}
