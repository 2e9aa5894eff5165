using RkLlama.Output.Tests.Support;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class LlamaToolCallParserTests
{
    private static readonly OutputPipelineSettings Llama = Pipeline.SettingsFor(Pipeline.Family("Llama 3"));
    private static readonly OutputPipelineSettings AnyName = new() { Tools = Pipeline.Family("Llama 3") };

    [Theory]
    [InlineData("""{"name": "get_time", "parameters": {"zone": "a; {b}"}}""", """get_time{"zone":"a; {b}"}""")]
    [InlineData("\n {\"type\": \"function\", \"name\": \"get_time\", \"parameters\": {}}\n", "get_time{}")]
    [InlineData("""<|python_tag|>{"name": "get_time", "arguments": "{\"a\": 1}"}""", """get_time{"a":1}""")]
    [InlineData("<|python_tag|>\n{\"name\": \"get_time\"}", "get_time{}")]
    [InlineData("""{"name": "get_time", "parameters": {"a": 1}""", """get_time{"a":1}""")]
    public void The_whole_output_may_be_a_call(string answer, string call)
    {
        PipelineResult result = Pipeline.Run(Llama, answer);

        result.Calls.Should().Equal(call);
        result.Content.Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"name": "get_time", "parameters": {}}; {"name": "get_weather", "parameters": {}}""")]
    [InlineData("{\"name\": \"get_time\", \"parameters\": {}}\n{\"name\": \"get_weather\", \"parameters\": {}};\n")]
    [InlineData("""<|python_tag|>{"name": "get_time"};<|python_tag|>{"name": "get_weather"}""")]
    public void Consecutive_calls_are_parsed(string answer)
    {
        PipelineResult result = Pipeline.Run(Llama, answer);

        result.Calls.Should().Equal("get_time{}", "get_weather{}");
        result.Content.Should().BeEmpty();
    }

    [Fact]
    public void A_call_before_text_on_its_line_needs_a_mark()
    {
        string call = """{"name": "get_time", "parameters": {}}""";

        Pipeline.Run(Llama, "I look: ", call, " Done.").Content.Should().Be("I look: " + call + " Done.");
        Pipeline.Run(Llama, "I look: <|python_tag|>", call, " Done.").Calls.Should().Equal("get_time{}");
    }

    [Fact]
    public void Text_after_a_call_is_content()
    {
        PipelineResult result = Pipeline.Run(Llama, """{"name": "get_time", "parameters": {}} Done; {"x": 1}""");

        result.Calls.Should().Equal("get_time{}");
        result.Content.Should().Be("""Done; {"x": 1}""");
    }

    [Theory]
    [InlineData("""{"name": "Ada", "parameters": {}}""")]
    [InlineData("""{"name": 1, "parameters": {}}""")]
    [InlineData("""{"answer": 42}""")]
    [InlineData("""{"name": "get_time", "parameters": {}, "age": 3}""")]
    [InlineData("""{"name": "get_time", "par""")]
    [InlineData("""{"name": "get_time" """)]
    [InlineData("""{"name": "get_time", "parameters": 3}""")]
    [InlineData("{}")]
    [InlineData("{")]
    [InlineData("{{ x }}")]
    [InlineData("{ x: 1 }")]
    [InlineData("""<|python_tag|>get_time.call(zone=here)""")]
    [InlineData("<|python")]
    [InlineData(" \n")]
    public void Text_that_is_not_a_call_is_content_and_unchanged(string answer)
    {
        PipelineResult result = Pipeline.Run(Llama, answer);

        result.Content.Should().Be(answer);
        result.Calls.Should().BeEmpty();
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("{ x", "{ x")]
    [InlineData("{\"answ", "")]
    [InlineData("{\"answer\"", "{\"answer\"")]
    [InlineData("{\"name\": \"get", "")]
    [InlineData("{\"name\": \"Ada\"", "{\"name\": \"Ada\"")]
    [InlineData("{\"name\": \"get_time\",", "")]
    public void Json_output_is_emitted_as_soon_as_it_cannot_be_a_call(string soFar, string content) =>
        Pipeline.ContentSoFar(Llama, soFar).Should().Be(content);

    [Theory]
    [InlineData("""{"name": "f", "parameters": {}}""", true)]
    [InlineData("""{"name": "f", "arguments": {}}""", true)]
    [InlineData("""{"name": "f"}""", false)]
    [InlineData("""{"parameters": {}}""", false)]
    public void Without_tool_names_a_call_needs_name_and_arguments(string answer, bool isCall)
    {
        PipelineResult result = Pipeline.Run(AnyName, answer);

        result.Calls.Should().HaveCount(isCall ? 1 : 0);
        result.Content.Should().Be(isCall ? "" : answer);
    }
}
