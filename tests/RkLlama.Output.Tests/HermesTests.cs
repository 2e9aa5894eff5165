using RkLlama.Output.ToolCalls;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests;

public sealed class HermesTests
{
    private static readonly OutputSettings Hermes = Answers.With(ToolSyntax.Hermes);

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
    public void A_call_keeps_its_values_as_they_were_written(string answer, string call)
    {
        Sorted sorted = Answers.Sort(Hermes, answer);

        sorted.Calls.Should().Equal(call);
        sorted.Content.Should().BeEmpty();
    }

    [Fact]
    public void Calls_have_an_index_in_order_and_an_identity_of_their_own()
    {
        string call = "<tool_call>{\"name\": \"get_time\"}</tool_call>";

        ToolCallPart[] calls = [.. Answers.Parts(Hermes, [call, "\n", call, call], out OutputPipeline pipeline).Cast<ToolCallPart>()];

        calls.Select(part => part.Index).Should().Equal(0, 1, 2);
        calls.Select(part => part.Id).Should().OnlyHaveUniqueItems().And.AllSatisfy(id => id.Should().MatchRegex("^call_[a-z0-9]{24}$"));
        pipeline.HasToolCalls.Should().BeTrue();
    }

    [Theory]
    [InlineData("""{"name":"get_time"}{"name":"get_weather"}""")]
    [InlineData("{\"name\":\"get_time\"}\n{\"name\":\"get_weather\"}\n")]
    [InlineData("""[{"name":"get_time"}, {"name":"get_weather"}]""")]
    [InlineData("""{"name":"get_time"}, {"name":"get_weather"}""")]
    public void One_block_may_hold_several_calls(string block)
    {
        Sorted sorted = Answers.Sort(Hermes, $"<tool_call>{block}</tool_call>");

        sorted.Calls.Should().Equal("get_time{}", "get_weather{}");
        sorted.Content.Should().BeEmpty();
    }

    [Fact]
    public void A_forbidden_call_is_neither_a_call_nor_content()
    {
        Sorted sorted = Answers.Sort(Hermes with { DropsCalls = true }, "Well. ", """<tool_call>{"name":"get_time"}</tool_call>""");

        sorted.Calls.Should().BeEmpty();
        sorted.Content.TrimEnd().Should().Be("Well.");
    }

    [Fact]
    public void A_block_without_its_closing_tag_ends_where_the_next_begins()
    {
        Sorted sorted = Answers.Sort(Hermes, """<tool_call>{"name":"get_time"}<tool_call>{"name":"get_weather"}</tool_call>""");

        sorted.Calls.Should().Equal("get_time{}", "get_weather{}");
        sorted.Content.Should().BeEmpty();
    }

    [Fact]
    public void Text_around_calls_is_content_without_the_white_space_before_them()
    {
        string call = "<tool_call>{\"name\": \"get_time\"}</tool_call>";

        Sorted sorted = Answers.Sort(Hermes, $"I look.\n\n{call}\n{call}\nThere. {call}\n ");

        sorted.Content.Should().Be("I look.\nThere.");
        sorted.Order.Should().Be("cttct");
    }

    [Fact]
    public void White_space_around_calls_that_open_the_answer_is_dropped()
    {
        Sorted sorted = Answers.Sort(Hermes, "\n<tool_call>{\"name\": \"get_time\"}</tool_call>\n\nDone.\n");

        sorted.Content.Should().Be("Done.\n");
        sorted.Order.Should().Be("tc");
    }

    [Theory]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": "b"}}""")]
    [InlineData("<tool_call>{\"name\": \"get_time\", \"arguments\": {\"a\": \"b\"}}\n</tool_")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": "b"}""")]
    [InlineData("""<tool_call>[{"name": "get_time", "arguments": {"a": "b" """)]
    public void A_call_that_lacks_only_its_end_is_a_call(string answer)
    {
        Sorted sorted = Answers.Sort(Hermes, "Hi ", answer);

        sorted.Calls.Should().Equal("""get_time{"a":"b"}""");
        sorted.Content.Should().Be("Hi");
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
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": 1,}}</tool_call>""")]
    [InlineData("""<tool_call>{"name": "get_time", "arguments": {"a": '1'}}</tool_call>""")]
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
    [InlineData("<tool_call><function=get_time></function></tool_call>")]
    public void What_is_no_call_is_content_once_and_whole(string answer)
    {
        Sorted sorted = Answers.Sort(Hermes, "Hi \n", answer);

        sorted.Content.Should().Be("Hi \n" + answer);
        sorted.Calls.Should().BeEmpty();
    }

    [Theory]
    [InlineData("So: <tool_call>{\"name\": \"get_time\", \"arguments\": {\"a\": \"b", "So:")]
    [InlineData("So: <tool_call>", "So:")]
    [InlineData("So: <tool_ca", "So:")]
    [InlineData("1 <", "1 <")]
    [InlineData("<tool_call>{\"name\": \"rm_rf\", \"arguments\": {}}</tool_call>", "<tool_call>{\"name\": \"rm_rf\", \"arguments\": {}}</tool_call>")]
    public void A_call_that_the_limit_cut_is_not_content(string answer, string content)
    {
        Sorted sorted = Answers.Cut(Answers.With(ToolSyntax.Hermes), answer);

        sorted.Content.TrimEnd().Should().Be(content);
        sorted.Calls.Should().BeEmpty();
    }

    [Fact]
    public void A_call_after_a_marker_in_prose_is_found()
    {
        Sorted sorted = Answers.Sort(Hermes, "With <tool_call>", "<tool_call>", "{\"name\": \"get_time\"}</tool_call>");

        sorted.Content.Should().Be("With <tool_call>");
        sorted.Calls.Should().Equal("get_time{}");
    }

    [Fact]
    public void Without_names_any_call_is_one()
    {
        Sorted sorted = Answers.Sort(new() { Tools = ToolSyntax.Hermes }, """<tool_call>{"name": "f"}</tool_call>""");

        sorted.Calls.Should().Equal("f{}");
    }

    [Fact]
    public void Without_tools_markers_are_content()
    {
        string answer = """ a <tool_call>{"name": "get_time"}</tool_call> """;

        Answers.SoFar(new(), answer).Should().Be(answer);
    }

    [Theory]
    [InlineData("Hi", "Hi")]
    [InlineData("Hi \n", "Hi")]
    [InlineData("Hi <to", "Hi")]
    [InlineData("Hi <too", "Hi")]
    [InlineData("Hi <toy", "Hi <toy")]
    [InlineData("a < b", "a < b")]
    [InlineData("a <tool_call>{\"x\"", "a")]
    [InlineData("a <tool_call> is", "a <tool_call> is")]
    [InlineData("a <tool_call>{x", "a <tool_call>{x")]
    [InlineData("""a <tool_call>{"name": "other"}""", """a <tool_call>{"name": "other"}""")]
    public void Text_goes_out_as_soon_as_it_can_be_no_call(string soFar, string content) => Answers.SoFar(Hermes, soFar).Should().Be(content);

    [Fact]
    public void A_call_goes_out_with_the_token_that_ends_it()
    {
        OutputPipeline pipeline = new(Hermes);
        List<OutputPart> parts = [];

        pipeline.Add("<tool_call>{\"name\": \"get_time\"}</tool_call", parts);
        int before = parts.Count;
        pipeline.Add(">", parts);

        before.Should().Be(0);
        parts.Should().ContainSingle().Which.Should().BeOfType<ToolCallPart>();
    }

    [Theory]
    [InlineData(62, true)]
    [InlineData(63, false)]
    [InlineData(10_000, false)]
    public void Arguments_nest_no_deeper_than_the_limit(int depth, bool isCall)
    {
        string answer = $$$"""<tool_call>{"name": "get_time", "arguments": {"a": {{{new string('[', depth)}}}{{{new string(']', depth)}}} }}</tool_call>""";

        Sorted sorted = Answers.Sort(Hermes, answer);

        sorted.Calls.Should().HaveCount(isCall ? 1 : 0);
        sorted.Content.Should().Be(isCall ? "" : answer);
    }
}
