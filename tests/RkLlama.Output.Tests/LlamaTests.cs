using RkLlama.Output.ToolCalls;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests;

public sealed class LlamaTests
{
    private static readonly OutputSettings Llama = Answers.With(ToolSyntax.Llama3Json);
    private static readonly OutputSettings AnyName = new() { Tools = ToolSyntax.Llama3Json };

    [Theory]
    [InlineData("""{"name": "get_time", "parameters": {"zone": "a; {b}"}}""", """get_time{"zone":"a; {b}"}""")]
    [InlineData("\n {\"type\": \"function\", \"name\": \"get_time\", \"parameters\": {}}\n", "get_time{}")]
    [InlineData("""<|python_tag|>{"name": "get_time", "arguments": "{\"a\": 1}"}""", """get_time{"a":1}""")]
    [InlineData("<|python_tag|>\n{\"name\": \"get_time\"}", "get_time{}")]
    [InlineData("""{"name": "get_time", "parameters": {"a": 1}""", """get_time{"a":1}""")]
    public void The_whole_answer_may_be_a_call(string answer, string call)
    {
        Sorted sorted = Answers.Sort(Llama, answer);

        sorted.Calls.Should().Equal(call);
        sorted.Content.Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"name": "get_time", "parameters": {}}; {"name": "get_weather", "parameters": {}}""")]
    [InlineData("{\"name\": \"get_time\", \"parameters\": {}}\n{\"name\": \"get_weather\", \"parameters\": {}};\n")]
    [InlineData("""<|python_tag|>{"name": "get_time"};<|python_tag|>{"name": "get_weather"}""")]
    public void Several_calls_stand_in_a_row(string answer)
    {
        Sorted sorted = Answers.Sort(Llama, answer);

        sorted.Calls.Should().Equal("get_time{}", "get_weather{}");
        sorted.Content.Should().BeEmpty();
    }

    [Fact]
    public void After_text_a_call_needs_its_marker()
    {
        string call = """{"name": "get_time", "parameters": {}}""";

        Answers.Sort(Llama, "I look: ", call).Content.Should().Be("I look: " + call);
        Answers.Sort(Llama, "I look: <|python_tag|>", call).Calls.Should().Equal("get_time{}");
    }

    [Fact]
    public void What_follows_a_call_is_content()
    {
        Sorted sorted = Answers.Sort(Llama, """{"name": "get_time", "parameters": {}} Done; {"x": 1}""");

        sorted.Calls.Should().Equal("get_time{}");
        sorted.Content.Should().Be("""Done; {"x": 1}""");
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
    [InlineData("""<|python_tag|>get_time.call(zone="a")""")]
    [InlineData("<|python")]
    [InlineData(" \n")]
    public void What_is_no_call_is_content_once_and_whole(string answer)
    {
        Sorted sorted = Answers.Sort(Llama, answer);

        sorted.Content.Should().Be(answer);
        sorted.Calls.Should().BeEmpty();
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("{ x", "{ x")]
    [InlineData("{\"answ", "")]
    [InlineData("{\"answer\"", "{\"answer\"")]
    [InlineData("{\"name\": \"get", "")]
    [InlineData("{\"name\": \"Ada\"", "{\"name\": \"Ada\"")]
    [InlineData("{\"name\": \"get_time\",", "")]
    public void An_answer_in_json_goes_out_as_soon_as_it_can_be_no_call(string soFar, string content) =>
        Answers.SoFar(Llama, soFar).Should().Be(content);

    [Theory]
    [InlineData("""{"name": "f", "parameters": {}}""", true)]
    [InlineData("""{"name": "f", "arguments": {}}""", true)]
    [InlineData("""{"name": "f"}""", false)]
    [InlineData("""{"parameters": {}}""", false)]
    public void Without_names_a_call_must_have_both_its_parts(string answer, bool isCall)
    {
        Sorted sorted = Answers.Sort(AnyName, answer);

        sorted.Calls.Should().HaveCount(isCall ? 1 : 0);
        sorted.Content.Should().Be(isCall ? "" : answer);
    }
}
