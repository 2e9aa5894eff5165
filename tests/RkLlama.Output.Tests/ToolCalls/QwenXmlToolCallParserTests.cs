using System.Text.Json;
using RkLlama.Output.Tests.Support;

namespace RkLlama.Output.Tests.ToolCalls;

public sealed class QwenXmlToolCallParserTests
{
    private static readonly OutputPipelineSettings QwenXml = Pipeline.SettingsFor(Pipeline.Family("Qwen XML")) with
    {
        ToolSchemas = new Dictionary<string, JsonElement>
        {
            [Pipeline.Weather] = JsonDocument.Parse("""
                {"type": "object", "properties": {
                  "city": {"type": "string"}, "days": {"type": "integer"}, "exact": {"type": "boolean"}, "tags": {"type": "array"},
                  "where": {"type": "object"}, "limit": {"type": ["number", "null"]}, "id": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                  "unit": {"enum": ["1", "2"]}, "odd": true}}
                """).RootElement,
        },
    };

    [Fact]
    public void A_function_and_its_parameters_are_a_call()
    {
        string answer = """
            I look.
            <tool_call>
            <function=get_weather>
            <parameter=city>
            Ulm
            </parameter>
            <parameter=days>
            3
            </parameter>
            </function>
            </tool_call>
            """;

        PipelineResult result = Pipeline.Run(QwenXml, answer);

        result.Content.Should().Be("I look.");
        result.Calls.Should().Equal("""get_weather{"city":"Ulm","days":3}""");
    }

    [Theory]
    [InlineData("city", "12", "\"12\"")]
    [InlineData("city", "{\"a\": 1}", """
        "{\"a\": 1}"
        """)]
    [InlineData("city", "one\n two\n", """
        "one\n two\n"
        """)]
    [InlineData("city", "a \"b\" \\ Zürich 😀 <b>&amp;</tool_call></function>", """
        "a \"b\" \\ Zürich 😀 <b>&amp;</tool_call></function>"
        """)]
    [InlineData("city", "", "\"\"")]
    [InlineData("days", "3", "3")]
    [InlineData("days", "three", "\"three\"")]
    [InlineData("exact", "True", "true")]
    [InlineData("exact", "false", "false")]
    [InlineData("exact", "1", "\"1\"")]
    [InlineData("tags", "[1, \"a b\"]", "[1,\"a b\"]")]
    [InlineData("where", "{ \"lat\": 1.0 }", "{\"lat\":1.0}")]
    [InlineData("where", "{ \"lat\":", "\"{ \\\"lat\\\":\"")]
    [InlineData("limit", "None", "null")]
    [InlineData("limit", "1e3", "1e3")]
    [InlineData("id", "7", "7")]
    [InlineData("id", "x7", "\"x7\"")]
    [InlineData("unit", "1", "\"1\"")]
    [InlineData("odd", "1", "1")]
    [InlineData("unknown", "[1]", "[1]")]
    [InlineData("unknown", "007", "\"007\"")]
    public void A_value_gets_its_type_from_the_schema(string parameter, string value, string json)
    {
        PipelineResult result = Pipeline.Run(QwenXml, $"<tool_call><function=get_weather><parameter={parameter}>\n{value}\n</parameter></function></tool_call>");

        result.Calls.Should().Equal($"get_weather{{\"{parameter}\":{json}}}");
    }

    [Fact]
    public void A_function_without_parameters_has_no_arguments()
    {
        PipelineResult result = Pipeline.Run(QwenXml, "<tool_call>\n<function=get_time>\n</function>\n</tool_call>");

        result.Calls.Should().Equal("get_time{}");
    }

    [Fact]
    public void Json_in_the_same_tags_is_a_call()
    {
        PipelineResult result = Pipeline.Run(QwenXml, """<tool_call>{"name": "get_time", "arguments": {"a": 1}}</tool_call>""");

        result.Calls.Should().Equal("""get_time{"a":1}""");
    }

    [Theory]
    [InlineData("<tool_call><function=get_time></function><function=get_weather></function></tool_call>")]
    [InlineData("<tool_call><function=get_time></function></tool_call>\n<tool_call><function=get_weather></function></tool_call>")]
    [InlineData("<tool_call><function=get_time></function><tool_call><function=get_weather></function></tool_call>")]
    [InlineData("<function=get_time></function>\n<function=get_weather></function>\n</tool_call>")]
    [InlineData("<function=get_time></function><tool_call>{\"name\": \"get_weather\"}</tool_call>")]
    public void Several_calls_are_parsed_in_one_or_many_blocks_with_or_without_outer_tags(string answer)
    {
        PipelineResult result = Pipeline.Run(QwenXml, answer);

        result.Calls.Should().Equal("get_time{}", "get_weather{}");
        result.Content.Should().BeEmpty();
    }

    [Fact]
    public void Text_after_a_function_without_outer_tags_is_content()
    {
        PipelineResult result = Pipeline.Run(QwenXml, "a <function=get_time></function> <b> c");

        result.Calls.Should().Equal("get_time{}");
        result.Content.Should().Be("a <b> c");
    }

    [Theory]
    [InlineData("<tool_call>\n<function=get_weather>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool")]
    [InlineData("<tool_call>\n<function=get_weather>\n<parameter=days>\n3\n</parameter>\n</func")]
    [InlineData("<function=get_weather><parameter=days>3</parameter></function>")]
    public void A_call_that_lacks_only_its_end_is_parsed(string answer)
    {
        PipelineResult result = Pipeline.Run(QwenXml, answer);

        result.Calls.Should().Equal("""get_weather{"days":3}""");
        result.Content.Should().BeEmpty();
    }

    [Theory]
    [InlineData("<tool_call><function=get_weather><parameter=city>Ul")]
    [InlineData("<tool_call><function=get_weather><parameter=city>Ulm</para")]
    [InlineData("<tool_call><function=get_weather><parameter=ci")]
    [InlineData("<tool_call><function=get_weather>")]
    [InlineData("<tool_call><function=get_we")]
    [InlineData("<tool_call><function=rm_rf></function></tool_call>")]
    [InlineData("<tool_call><function=get_weather>city</function></tool_call>")]
    [InlineData("<tool_call><function=get_weather></function>so</tool_call>")]
    [InlineData("<tool_call></tool_call>")]
    [InlineData("<tool_call><b>")]
    [InlineData("<function=")]
    [InlineData("<function=\n>")]
    public void Text_that_is_not_a_call_is_content_and_unchanged(string answer)
    {
        PipelineResult result = Pipeline.Run(QwenXml, "Hi ", answer);

        result.Content.Should().Be("Hi " + answer);
        result.Calls.Should().BeEmpty();
    }

    [Fact]
    public void A_function_that_is_not_offered_is_content_as_soon_as_its_name_is_known() =>
        Pipeline.ContentSoFar(QwenXml, "<tool_call><function=rm_rf>").Should().Be("<tool_call><function=rm_rf>");
}
