using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests;

/// <summary>In these answers, <c>§</c> is before and after each special token.</summary>
public sealed class SpecialTokenTests
{
    private static readonly OutputPipelineSettings Settings = new() { Tools = ToolFamilies.Unknown, ToolNames = new HashSet<string> { "f" }, StopSequences = ["<|stop|>"] };

    [Theory]
    [InlineData("a§<|x|>§b", "ab", "")]
    [InlineData("§<|start|>§<think>§<|x|>§h§<|y|>§</think>§<|z|>§\nHi", "Hi", "h")]
    [InlineData("§<think>§h§</think>§Hi§</think>§", "Hi", "h")]
    [InlineData("§[TOOL_CALLS]§ are calls", " are calls", "")]
    [InlineData("So §<tool_call>§{\"name\": \"g\"}§</tool_call>§.", "So {\"name\": \"g\"}.", "")]
    [InlineData("<|x|> §</s>§", "<|x|> ", "")]
    [InlineData("a§<|stop|>§b", "a", "")]
    public void A_special_token_is_never_content(string answer, string content, string reasoning)
    {
        (string Content, string Reasoning, int Calls) result = Run(answer);

        result.Should().Be((content, reasoning, 0));
    }

    [Theory]
    [InlineData("§[TOOL_CALLS]§f§[ARGS]§{}§</s>§")]
    [InlineData("§<|python_tag|>§f.call()§<|eom_id|>§")]
    [InlineData("§<|im_start|>§§<|tool_call_start|>§[f()]§<|tool_call_end|>§§<|im_end|>§")]
    [InlineData("§<think>§h§</think>§\n{\"name\": \"f\", \"arguments\": {}}")]
    public void A_special_token_may_be_a_mark_of_a_call_or_a_tag(string answer)
    {
        (string Content, string Reasoning, int Calls) result = Run(answer);

        (result.Content, result.Calls).Should().Be(("", 1));
    }

    private static (string Content, string Reasoning, int Calls) Run(string answer)
    {
        OutputPipeline pipeline = new(Settings);
        List<OutputPart> parts = [];
        foreach ((int index, string token) in answer.Split('§').Index())
            pipeline.Add(new(token, index % 2 == 1 ? OutputTokenKind.Special : OutputTokenKind.Text), parts);
        pipeline.Finish(parts);
        return (string.Concat(parts.OfType<ContentPart>().Select(static part => part.Text)),
            string.Concat(parts.OfType<ReasoningPart>().Select(static part => part.Text)),
            parts.OfType<ToolCallPart>().Count());
    }
}
