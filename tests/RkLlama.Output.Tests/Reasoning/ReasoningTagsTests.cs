using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.Reasoning;

public sealed class ReasoningTagsTests
{
    private static readonly OutputPipelineSettings Thinking = new() { ModelTag = ReasoningTags.All[0] };

    public static TheoryData<string, string> Pairs
    {
        get
        {
            TheoryData<string, string> pairs = [];
            foreach (ReasoningTag tag in ReasoningTags.All)
            {
                foreach (string close in tag.Closers.Where(close => close != tag.Open))
                    pairs.Add(tag.Open, close);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_block_in_the_tags_of_any_family_is_reasoning(string open, string close)
    {
        OutputPipelineSettings settings = new() { ModelTag = ReasoningTags.All.First(tag => tag.Open == open) };

        PipelineResult result = Pipeline.Run(settings, $"{open}\nhm\n{close}\n\nHello");

        (result.Reasoning, result.Content).Should().Be(("hm", "Hello"));
        Pipeline.Run(settings, $"{open}hm{close}Hello".Select(static c => c.ToString())).Should().BeEquivalentTo(result);
    }

    [Theory]
    [InlineData("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hello", "hm", "Hello")]
    [InlineData("<|channel|>analysis<|message|>hm<|channel|>final<|message|>Hello", "hm", "Hello")]
    [InlineData("<|channel|>final<|message|>Hello", "", "Hello")]
    [InlineData("<|channel>thought\nhm<channel|>Hello", "hm", "Hello")]
    [InlineData("<|channel>thoughtful<channel|>Hello", "thoughtful", "Hello")]
    [InlineData("<think>a</think>\n<think>b</think>\nHello", "a\nb", "Hello")]
    [InlineData("<think>a</think><think>b</think><think>c</think>Hello", "abc", "Hello")]
    [InlineData("[THINK]a[/THINK]\n\n[THINK]b[/THINK]Hello", "a\n\nb", "Hello")]
    [InlineData("<think>a</think>b<think>c</think>", "a", "b<think>c</think>")]
    [InlineData("<reasoning>a", "a", "")]
    [InlineData("<think>a</thinking>b</think>c", "a</thinking>b", "c")]
    [InlineData("<think>\nhm\n</thinking>\n\nHello", "hm", "Hello")]
    [InlineData("<thinking>\nhm\n</think>", "hm", "")]
    [InlineData("<think>\na\n</thinking> is a tag\n</think>\nHello", "a\n</thinking> is a tag", "Hello")]
    [InlineData("<think>a</thinking>\n\nHello", "a", "Hello")]
    [InlineData("<Think>\nhm\n</think>\n\nHello", "hm", "Hello")]
    [InlineData("<unused94>thought\nhm<unused95>Hello", "hm", "Hello")]
    [InlineData("<|im_start|>assistant\n<think>\nhm\n</think>\n\nHello", "hm", "Hello")]
    [InlineData("<|im_start|>assistant\nHello\n", "", "Hello\n")]
    [InlineData("<|start_header_id|>assistant<|end_header_id|>\n\nHello", "", "Hello")]
    [InlineData("<|start_header_id|>assistant<|end_header_id|>\n\n<think>hm</think>Hello", "hm", "Hello")]
    [InlineData("<|start_of_role|>assistant<|end_of_role|>Hello", "", "Hello")]
    [InlineData("<｜Assistant｜>Hello", "", "Hello")]
    [InlineData("<｜Assistant｜><think>\nhm\n</think>\n\nHello", "hm", "Hello")]
    [InlineData("<|start_header_id|>user<|end_header_id|>\n\nHello", "", "<|start_header_id|>user<|end_header_id|>\n\nHello")]
    [InlineData("The <｜Assistant｜> token", "", "The <｜Assistant｜> token")]
    [InlineData("<|channel|>commentary<|message|>I look.", "", "I look.")]
    [InlineData("<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>final<|message|> Hello", "", "I look.Hello")]
    [InlineData("<|channel|>commentary<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>b", "hm", "ab")]
    [InlineData("<|channel|>commentary<|message|>a <|en", "", "a <|en")]
    [InlineData("<|im_start|>user\nHello", "", "<|im_start|>user\nHello")]
    [InlineData("Here is my thought process:\nhm\nHere is my response:\nHello", "", "Here is my thought process:\nhm\nHere is my response:\nHello")]
    [InlineData("<think>hm</think><answer>Hello</answer>", "hm", "Hello")]
    [InlineData("<think>\nhm\n</think>\n\n<answer>\nHello\n\nyou\n</answer>\n", "hm", "Hello\n\nyou")]
    [InlineData("<think>hm</think><response>Hello", "hm", "Hello")]
    [InlineData("<think>hm</think><answer>a</answer> and more", "hm", "a</answer> and more")]
    [InlineData("<think>hm</think>The <answer>a</answer>", "hm", "The <answer>a</answer>")]
    [InlineData("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Hello<|END_RESPONSE|>", "hm", "Hello")]
    [InlineData("<|START_RESPONSE|>Hello<|END_RESPONSE|>", "", "Hello")]
    [InlineData("<|begin_of_thought|>hm<|end_of_thought|>\n\n<|begin_of_solution|>\nHello\n<|end_of_solution|>", "hm", "Hello")]
    [InlineData("<answer>Hello</answer>", "", "<answer>Hello</answer>")]
    [InlineData("<reason>hm</reason>\nHello", "hm", "Hello")]
    public void Channels_and_further_blocks_are_reasoning(string answer, string reasoning, string content)
    {
        PipelineResult result = Pipeline.Run(new(), answer);

        (result.Reasoning, result.Content).Should().Be((reasoning, content));
        Pipeline.Run(new(), answer.Select(static c => c.ToString())).Should().BeEquivalentTo(result);
    }

    [Theory]
    [InlineData("hm\n</think>\n\nHello", "hm\nHello")]
    [InlineData("hm</think>Hello </think>", "hmHello </think>")]
    [InlineData("</think>Hello", "Hello")]
    public void A_closing_tag_without_an_opening_one_ends_reasoning_that_began_with_the_answer(string answer, string content)
    {
        PipelineResult result = Pipeline.Run(Thinking, answer);

        result.Order.Should().Be(answer.StartsWith('<') ? "uc" : "cuc");
        result.Content.Should().Be(content);
        Pipeline.Run(new() { MayBeginWithReasoning = false }, answer).Content.Should().Be(answer, "the answer continues a message");
    }

    [Theory]
    [InlineData("hm\n</think>\n\nHello", "cuc", "hm\nHello")]
    [InlineData("</think>\n\nHello", "uc", "Hello")]
    [InlineData("hm</think>\nHello", "c", "hm</think>\nHello")]
    [InlineData("hm\n</think> Hello", "c", "hm\n</think> Hello")]
    [InlineData("hm\n</think>", "c", "hm\n</think>")]
    [InlineData("a <think>\nb\n</think>\nc", "c", "a <think>\nb\n</think>\nc")]
    public void If_the_model_is_not_known_to_reason_such_a_tag_must_be_alone_on_its_line(string answer, string order, string content)
    {
        PipelineResult result = Pipeline.Run(new(), answer);

        (result.Order, result.Content).Should().Be((order, content));
        Pipeline.Run(new(), answer.Select(static c => c.ToString())).Should().BeEquivalentTo(result);
    }

    [Theory]
    [InlineData("Write <analysis> and <answer>.", "<analysis>a</analysis><answer>b</answer>", "", "<analysis>a</analysis><answer>b</answer>")]
    [InlineData("Write <answer>.", "<think>a</think><answer>b</answer>", "a", "<answer>b</answer>")]
    [InlineData("Hi", "<analysis>a</analysis><answer>b</answer>", "a", "b")]
    [InlineData("Write <think>.", "<think>a</think>b", "a", "b")]
    public void Tags_of_words_that_the_prompt_asks_for_are_content(string prompt, string answer, string reasoning, string content)
    {
        PipelineResult result = Pipeline.Run(new() { PlainTags = ReasoningTags.MentionedIn(prompt) }, answer);

        (result.Reasoning, result.Content).Should().Be((reasoning, content));
    }

    [Theory]
    [InlineData("Here is a poem", "Here is a poem")]
    [InlineData("Hello", "Hello")]
    public void An_answer_with_the_words_of_a_phrase_is_not_held_back(string soFar, string content) => Pipeline.ContentSoFar(new(), soFar).Should().Be(content);

    [Fact]
    public void A_call_after_reasoning_may_be_in_the_tags_of_an_answer()
    {
        PipelineResult result = Pipeline.Run(
            new() { Tools = ToolFamilies.Hermes, ToolNames = new HashSet<string> { "f" } }, "<think>hm</think>\n<answer>\n{\"name\": \"f\", \"arguments\": {}}\n</answer>");

        (result.Order, result.Content).Should().Be(("rt", ""));
    }

    [Theory]
    [InlineData("<think>hm</think><tool_call>{\"name\": \"f\"}</tool_call></think>", "rt")]
    [InlineData("<tool_call>{\"name\": \"f\"}</tool_call>\n</think>", "t")]
    [InlineData("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>", "rt")]
    [InlineData("<|channel|>analysis to=functions.f code<|message|>{}<|call|>", "t")]
    [InlineData("<|start|>assistant to=functions.f<|channel|>commentary <|constrain|>json<|message|>{}<|call|>", "t")]
    [InlineData(" to=functions.f<|channel|>commentary json<|message|>{}", "t")]
    [InlineData("<|channel|>analysis<|message|>hm<|end|><|start|>assistant to=functions.f<|channel|>commentary <|constrain|>json<|message|>{}<|call|>", "rt")]
    public void A_call_may_stand_between_closing_tags_or_in_a_channel(string answer, string order)
    {
        PipelineResult result = Pipeline.Run(new() { Tools = ToolFamilies.Hermes, ToolNames = new HashSet<string> { "f" } }, answer);

        (result.Order, result.Content).Should().Be((order, ""));
    }

    [Fact]
    public void A_preamble_before_a_call_is_content()
    {
        PipelineResult result = Pipeline.Run(
            new() { Tools = ToolFamilies.Hermes, ToolNames = new HashSet<string> { "f" } },
            "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"a\":1}<|call|>");

        (result.Content, result.Reasoning, result.Order).Should().Be(("I look.", "", "ct"));
        result.Calls.Should().Equal("""f{"a":1}""");
    }

    [Theory]
    [InlineData("Say <think> and </think> please.")]
    [InlineData("<p><think>\n\n</think>\n\n")]
    public void Tags_inside_the_content_stay_content(string answer)
    {
        PipelineResult result = Pipeline.Run(Thinking, answer);

        (result.Reasoning, result.Content, result.Order).Should().Be(("", answer, "c"));
    }

    [Fact]
    public void All_tokens_before_a_closing_tag_without_an_opening_one_are_reasoning_tokens()
    {
        OutputPipeline pipeline = new(Thinking);

        foreach (string token in (string[])["h", "m", "</think>", "Hi"])
            pipeline.Add(new(token, OutputTokenKind.Text), []);

        pipeline.ReasoningTokens.Should().Be(3);
    }

    [Fact]
    public void A_call_after_a_closing_tag_without_an_opening_one_is_at_the_start_of_the_answer()
    {
        PipelineResult result = Pipeline.Run(
            Thinking with { Tools = ToolFamilies.Hermes, ToolNames = new HashSet<string> { "f" } }, "hm\n</think>\n\n{\"name\": \"f\", \"arguments\": {}}");

        (result.Order, result.Content).Should().Be(("cut", "hm\n"));
    }

    [Theory]
    [InlineData("<|im_start|>assistant\n<think>\n", "<think>")]
    [InlineData("[INST]Hi[/INST][THINK]", "[THINK]")]
    [InlineData("<think>\n\n</think>\n\n", null)]
    [InlineData("", null)]
    public void The_tag_at_the_end_of_the_prompt_is_found(string prompt, string? tag) => ReasoningTags.FindAtEnd(prompt)?.Open.Should().Be(tag);

    [Theory]
    [InlineData("{{ content.split('</think>')[-1] }}", "<think>")]
    [InlineData("{{ '<|channel>thought' }} <|think|>", "<|channel>")]
    [InlineData("{{ '<|start|>assistant<|channel|>final<|message|>' }}", "<|channel|>")]
    [InlineData("{{ '<|thought_start|>\n' }}", "<|thought_start|>")]
    [InlineData("{{ content }}", null)]
    public void The_tag_of_a_model_is_found_in_its_template(string template, string? tag) => ReasoningTags.Find(template)?.Open.Should().Be(tag);

    [Fact]
    public void No_tag_can_start_inside_another_one()
    {
        string[] tags = [.. ReasoningTags.All.Select(static tag => tag.Open)];

        tags.Where(static tag => tag.LastIndexOf(tag[0]) > 0).Should().BeEmpty();
        tags.Where(tag => tags.Any(other => other != tag && other.StartsWith(tag, StringComparison.Ordinal))).Should().BeEmpty();
    }
}
