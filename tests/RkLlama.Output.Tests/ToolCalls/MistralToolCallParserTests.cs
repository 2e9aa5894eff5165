using RkLlama.Output.Tests.Support;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class MistralToolCallParserTests
{
    private static readonly OutputPipelineSettings Mistral = Pipeline.SettingsFor(Pipeline.Family("Mistral"));

    [Theory]
    [InlineData("""[TOOL_CALLS][{"name": "get_time", "arguments": {"a": "]"}, "id": "VvvODy9mT"}]""", """get_time{"a":"]"}""")]
    [InlineData("""[TOOL_CALLS] [{"name": "get_time", "arguments": {}}, {"name": "get_weather", "arguments": {}}]""", "get_time{}", "get_weather{}")]
    [InlineData("""[TOOL_CALLS]{"name": "get_time", "arguments": {}}""", "get_time{}")]
    [InlineData("""[TOOL_CALLS]get_time[ARGS]{"a": "}"}""", """get_time{"a":"}"}""")]
    [InlineData("""[TOOL_CALLS]get_time[CALL_ID]VvvODy9mT[ARGS] {}""", "get_time{}")]
    [InlineData("""[TOOL_CALLS]get_time{"a": 1}""", """get_time{"a":1}""")]
    [InlineData("""[TOOL_CALLS]get_time[ARGS]{}[TOOL_CALLS]get_weather[ARGS]{}""", "get_time{}", "get_weather{}")]
    [InlineData("""[TOOL_CALLS][{"name": "get_time", "arguments": {"a": 1}}""", """get_time{"a":1}""")]
    [InlineData("""[TOOL_CALLS]get_time[ARGS]{"a": {"b": 1}""", """get_time{"a":{"b":1}}""")]
    public void Calls_are_parsed_in_both_forms(string answer, params string[] calls)
    {
        PipelineResult result = Pipeline.Run(Mistral, "Hi\n", answer);

        result.Calls.Should().Equal(calls);
        result.Content.Should().Be("Hi");
    }

    [Theory]
    [InlineData("[TOOL_CALLS]")]
    [InlineData("[TOOL_")]
    [InlineData("[TOOL_CALLS] are written")]
    [InlineData("[TOOL_CALLS]get_time")]
    [InlineData("[TOOL_CALLS]get_time[ARGS]")]
    [InlineData("[TOOL_CALLS]get_time[ARGS]{\"a")]
    [InlineData("[TOOL_CALLS]get_time[ARGS]x")]
    [InlineData("[TOOL_CALLS]get_time[CALL_ID]7 so[ARGS]{}")]
    [InlineData("[TOOL_CALLS]get_time[NO]{}")]
    [InlineData("[TOOL_CALLS]rm_rf[ARGS]{}")]
    [InlineData("[TOOL_CALLS][{\"name\": \"rm_rf\", \"arguments\": {}}]")]
    [InlineData("[TOOL_CALLS][{\"name\": \"get_time\", \"arg")]
    [InlineData("[TOOL_CALLS][]")]
    [InlineData("[[TOOL_CALL]]")]
    public void Text_that_is_not_a_call_is_content_and_unchanged(string answer)
    {
        PipelineResult result = Pipeline.Run(Mistral, "Hi\n", answer);

        result.Content.Should().Be("Hi\n" + answer);
        result.Calls.Should().BeEmpty();
    }

    [Fact]
    public void A_call_is_emitted_at_its_last_bracket()
    {
        OutputPipeline pipeline = new(Mistral);
        List<OutputPart> parts = [];

        pipeline.Add(new("""[TOOL_CALLS]get_time[ARGS]{}""", OutputTokenKind.Text), parts);

        parts.Should().ContainSingle().Which.Should().BeOfType<ToolCallPart>();
    }
}
