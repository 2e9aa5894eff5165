using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class HermesToolCallParserTests
{
    private static readonly OutputPipelineSettings Hermes = Pipeline.SettingsFor(ToolFamilies.Hermes);

    [Theory]
    [InlineData("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Ulm\", \"days\": 1.0}}\n</tool_call>", """get_weather{"city":"Ulm","days":1.0}""")]
    [InlineData("""<tool_call>{"name":"get_weather","parameters":{"a":[1, 2e3, -0]}}</tool_call>""", """get_weather{"a":[1,2e3,-0]}""")]
    [InlineData("""<tool_call>{"arguments":{"a":null},"name":"get_time"}</tool_call>""", """get_time{"a":null}""")]
    [InlineData("""<tool_call>{"name":"get_time"}</tool_call>""", "get_time{}")]
    [InlineData("""<tool_call>{"name":"get_time","arguments":null}</tool_call>""", "get_time{}")]
    [InlineData("""<tool_call>{"name":"get_time","arguments":""}</tool_call>""", "get_time{}")]
    [InlineData("""<tool_call>{"name":"get_time","arguments":"{\"zone\": \"a b\"}"}</tool_call>""", """get_time{"zone":"a b"}""")]
    [InlineData("""<tool_call>{"name":"get\u005ftime","arguments":{}}</tool_call>""", "get_time{}")]
    [InlineData("""<tool_call>{"name":"get_time","arguments":{"a":"</tool_call>","b":"\"}</tool_call>"}}</tool_call>""", """get_time{"a":"</tool_call>","b":"\"}</tool_call>"}""")]
    [InlineData("""<tool_call>{"name":"get_time","arguments":{"a":"Zürich 東京 😀 \u00e9 \\"}}</tool_call>""", """get_time{"a":"Zürich 東京 😀 \u00e9 \\"}""")]
    public void A_call_keeps_its_values_as_written(string answer, string call)
    {
        PipelineResult result = Pipeline.Run(Hermes, answer);

        result.Calls.Should().Equal(call);
        result.Content.Should().BeEmpty();
    }

    [Fact]
    public void Calls_have_consecutive_indexes_and_unique_ids()
    {
        string call = "<tool_call>{\"name\": \"get_time\"}</tool_call>";

        ToolCallPart[] calls = [.. Pipeline.RunToParts(Hermes, [call, "\n", call, call], out OutputPipeline pipeline).Cast<ToolCallPart>()];

        calls.Select(part => part.Index).Should().Equal(0, 1, 2);
        calls.Select(part => part.Id).Should().OnlyHaveUniqueItems().And.AllSatisfy(id => id.Should().MatchRegex("^call_[a-z0-9]{24}$"));
        pipeline.HasToolCalls.Should().BeTrue();
    }

    [Theory]
    [InlineData("""{"name":"get_time"}{"name":"get_weather"}""")]
    [InlineData("{\"name\":\"get_time\"}\n{\"name\":\"get_weather\"}\n")]
    [InlineData("""[{"name":"get_time"}, {"name":"get_weather"}]""")]
    [InlineData("""{"name":"get_time"}, {"name":"get_weather"}""")]
    public void One_block_may_contain_several_calls(string block)
    {
        PipelineResult result = Pipeline.Run(Hermes, $"<tool_call>{block}</tool_call>");

        result.Calls.Should().Equal("get_time{}", "get_weather{}");
        result.Content.Should().BeEmpty();
    }

    [Fact]
    public void A_dropped_call_is_neither_a_call_nor_content()
    {
        PipelineResult result = Pipeline.Run(Hermes with { DropsToolCalls = true }, "Well. ", """<tool_call>{"name":"get_time"}</tool_call>""");

        result.Calls.Should().BeEmpty();
        result.Content.TrimEnd().Should().Be("Well.");
    }

    [Fact]
    public void A_block_without_closing_tag_ends_where_the_next_starts()
    {
        PipelineResult result = Pipeline.Run(Hermes, """<tool_call>{"name":"get_time"}<tool_call>{"name":"get_weather"}</tool_call>""");

        result.Calls.Should().Equal("get_time{}", "get_weather{}");
        result.Content.Should().BeEmpty();
    }

    [Fact]
    public void Text_around_calls_is_content_without_the_white_space_before_them()
    {
        string call = "<tool_call>{\"name\": \"get_time\"}</tool_call>";

        PipelineResult result = Pipeline.Run(Hermes, $"I look.\n\n{call}\n{call}\nThere. {call}\n ");

        result.Content.Should().Be("I look.\nThere.");
        result.Order.Should().Be("cttct");
    }

    [Fact]
    public void White_space_around_calls_at_the_start_is_dropped()
    {
        PipelineResult result = Pipeline.Run(Hermes, "\n<tool_call>{\"name\": \"get_time\"}</tool_call>\n\nDone.\n");

        result.Content.Should().Be("Done.\n");
        result.Order.Should().Be("tc");
    }

    [Theory]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": "b"}}""")]
    [InlineData("<tool_call>{\"name\": \"get_time\", \"arguments\": {\"a\": \"b\"}}\n</tool_")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": "b"}""")]
    [InlineData("""<tool_call>[{"name": "get_time", "arguments": {"a": "b" """)]
    public void A_call_that_lacks_only_its_end_is_parsed(string answer)
    {
        PipelineResult result = Pipeline.Run(Hermes, "Hi ", answer);

        result.Calls.Should().Equal("""get_time{"a":"b"}""");
        result.Content.Should().Be("Hi");
    }

    [Theory]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": "b""")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": """)]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": tr""")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {""")]
    [InlineData("""<tool_call>{"name": "get_time" """)]
    [InlineData("""<tool_call>{"name": "get_time"} {"na""")]
    [InlineData("<tool_call>")]
    [InlineData("<tool_call>\n")]
    [InlineData("<tool_ca")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": 01}}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": maybe}}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time", "city": "Ulm"}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": [1]}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": "[1]"}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": "{"}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "\ud800", "arguments": {}}</tool_call>""")]
    [InlineData("""<tool_call>{"na\ud800": "get_time"}</tool_call>""")]
    [InlineData("""<tool_call>{"name": 1}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "rm_rf", "arguments": {}}</tool_call> """)]
    [InlineData("""<tool_call>{"name": "get_time"}{"name": "rm_rf"}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time"} so</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time"]</tool_call>""")]
    [InlineData("<tool_call>[]</tool_call>")]
    [InlineData("<tool_call></tool_call>")]
    [InlineData("the <tool_call> tag")]
    public void Text_that_is_not_a_call_is_content_and_unchanged(string answer)
    {
        PipelineResult result = Pipeline.Run(Hermes, "Hi \n", answer);

        result.Content.Should().Be("Hi \n" + answer);
        result.Calls.Should().BeEmpty();
    }

    [Theory]
    [InlineData("So: <tool_call>{\"name\": \"get_time\", \"arguments\": {\"a\": \"b", "So:")]
    [InlineData("So: <tool_call>", "So:")]
    [InlineData("So: <tool_ca", "So:")]
    [InlineData("1 <", "1 <")]
    [InlineData("<tool_call>{\"name\": \"rm_rf\", \"arguments\": {}}</tool_call>", "<tool_call>{\"name\": \"rm_rf\", \"arguments\": {}}</tool_call>")]
    public void A_truncated_call_is_dropped(string answer, string content)
    {
        PipelineResult result = Pipeline.RunTruncated(Pipeline.SettingsFor(ToolFamilies.Hermes), answer);

        result.Content.TrimEnd().Should().Be(content);
        result.Calls.Should().BeEmpty();
    }

    [Fact]
    public void A_call_after_a_marker_in_prose_is_parsed()
    {
        PipelineResult result = Pipeline.Run(Hermes, "With <tool_call> so: ", "<tool_call>", "{\"name\": \"get_time\"}</tool_call>");

        result.Content.Should().Be("With <tool_call> so:");
        result.Calls.Should().Equal("get_time{}");
    }

    [Fact]
    public void Without_tool_names_any_name_is_a_call()
    {
        PipelineResult result = Pipeline.Run(new() { Tools = ToolFamilies.Hermes }, """<tool_call>{"name": "f"}</tool_call>""");

        result.Calls.Should().Equal("f{}");
    }

    [Fact]
    public void Without_tools_markers_are_content()
    {
        string answer = """ a <tool_call>{"name": "get_time"}</tool_call> """;

        Pipeline.ContentSoFar(new(), answer).Should().Be(answer);
    }

    [Theory]
    [InlineData("Hi", "Hi")]
    [InlineData("Hi \n", "Hi")]
    [InlineData("Hi <to", "Hi")]
    [InlineData("Hi <too", "Hi")]
    [InlineData("Hi <toy", "Hi <toy")]
    [InlineData("a < b", "a < b")]
    [InlineData("a <tool_call>{\"x\"", "a")]
    [InlineData("a <tool_call> is a", "a <tool_call> is a")]
    [InlineData("a <tool_call> is,", "a <tool_call> is,")]
    [InlineData("a <tool_call>{x", "a <tool_call>{x")]
    [InlineData("""a <tool_call>{"name": "other"}""", """a <tool_call>{"name": "other"}""")]
    public void Text_is_emitted_as_soon_as_it_cannot_be_a_call(string soFar, string content) => Pipeline.ContentSoFar(Hermes, soFar).Should().Be(content);

    [Fact]
    public void A_call_is_emitted_with_the_token_that_ends_it()
    {
        OutputPipeline pipeline = new(Hermes);
        List<OutputPart> parts = [];

        pipeline.Add(new("<tool_call>{\"name\": \"get_time\"}</tool_call", OutputTokenKind.Text), parts);
        int before = parts.Count;
        pipeline.Add(new(">", OutputTokenKind.Text), parts);

        before.Should().Be(0);
        parts.Should().ContainSingle().Which.Should().BeOfType<ToolCallPart>();
    }

    [Theory]
    [InlineData(57, true)]
    [InlineData(58, false)]
    [InlineData(10_000, false)]
    public void Arguments_that_nest_deeper_than_the_limit_are_no_call(int depth, bool isCall)
    {
        string answer = $$$"""<tool_call>{"name": "get_time", "arguments": {"a": {{{new string('[', depth)}}}{{{new string(']', depth)}}} }}</tool_call>""";

        PipelineResult result = Pipeline.Run(Hermes, answer);

        result.Calls.Should().HaveCount(isCall ? 1 : 0);
        result.Content.Should().Be(isCall ? "" : answer);
    }
}
