using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests;

public sealed class OutputPipelineTests
{
    private const string HermesCall = """<tool_call>{"name": "get_time", "arguments": {"zone": "a b"}}</tool_call>""";
    private const string XmlCall = "<tool_call>\n<function=get_time>\n<parameter=zone>\na b\n</parameter>\n</function>\n</tool_call>";
    private const string DeepSeekCall = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"zone\": \"a b\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>";

    [Theory]
    [InlineData("Hermes", HermesCall)]
    [InlineData("Qwen XML", XmlCall)]
    [InlineData("Llama 3", """<|python_tag|>{"name": "get_time", "parameters": {"zone": "a b"}}""")]
    [InlineData("Mistral", """[TOOL_CALLS]get_time[ARGS]{"zone": "a b"}""")]
    [InlineData("DeepSeek", DeepSeekCall)]
    public void Token_boundaries_do_not_change_the_result(string syntax, string call)
    {
        OutputPipelineSettings settings = Pipeline.SettingsFor(Pipeline.Family(syntax)) with { StopSequences = ["STOP"] };
        string output = $"<think>\nHm <b>.\n</think>\n\nI look. {call} after STOP {call}";
        PipelineResult expected = new("I look. after ", "Hm <b>.", ["""get_time{"zone":"a b"}"""], "rctc", "STOP");
        Random random = new(11);

        for (int i = 0; i < 200; i++)
            Pipeline.Run(settings, Pipeline.RandomTokens(output, random)).Should().BeEquivalentTo(expected);
    }

    [Fact]
    public void Parts_are_emitted_in_order()
    {
        List<OutputPart> parts = Pipeline.RunToParts(Pipeline.SettingsFor(ToolFamilies.Hermes), ["<think>a</think>b ", HermesCall, "c"], out OutputPipeline pipeline);

        parts.Select(static part => part.GetType()).Should().Equal(typeof(ReasoningPart), typeof(ContentPart), typeof(ToolCallPart), typeof(ContentPart));
        (pipeline.HasToolCalls, pipeline.IsStopped, pipeline.ReasoningTokens).Should().Be((true, false, 1));
    }

    [Fact]
    public void Inserted_text_is_not_a_reasoning_token()
    {
        OutputPipeline pipeline = new(new() { StartTag = ReasoningTags.All[0] });
        List<OutputPart> parts = [];

        pipeline.Add(new("Hm", OutputTokenKind.Text), parts);
        pipeline.Add(new("\n</think>\n\n", OutputTokenKind.Inserted), parts);
        pipeline.Add(new("Hi", OutputTokenKind.Text), parts);

        pipeline.ReasoningTokens.Should().Be(1);
        parts.Should().Equal(new ReasoningPart("Hm"), new ContentPart("Hi"));
    }

    [Fact]
    public void Text_after_a_stop_sequence_is_ignored()
    {
        OutputPipeline pipeline = new(new() { StopSequences = ["END"] });
        List<OutputPart> parts = [];

        pipeline.Add(new("a END b", OutputTokenKind.Text), parts);
        pipeline.Add(new("c", OutputTokenKind.Text), parts);
        pipeline.Finish(parts);

        parts.Should().Equal(new ContentPart("a "));
        pipeline.StopSequence.Should().Be("END");
    }
}
