using System.Text.Json;
using RkLlama.Output.ToolCalls;
using RkLlama.Prompts.Jinja.Library;

namespace RkLlama.Output.Tests;

public sealed class QwenXmlTests
{
    private static readonly OutputSettings QwenXml = Answers.With(ToolSyntax.QwenXml) with
    {
        ToolSchemas = new Dictionary<string, JsonElement>
        {
            [Answers.Weather] = JsonDocument.Parse("""
                {"type": "object", "properties": {
                  "city": {"type": "string"}, "days": {"type": "integer"}, "exact": {"type": "boolean"}, "tags": {"type": "array"},
                  "where": {"type": "object"}, "limit": {"type": ["number", "null"]}, "id": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                  "unit": {"enum": ["1", "2"]}, "odd": true}}
                """).RootElement,
        },
    };

    [Fact]
    public void A_call_is_made_of_a_function_and_its_parameters()
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

        Sorted sorted = Answers.Sort(QwenXml, answer);

        sorted.Content.Should().Be("I look.");
        sorted.Calls.Should().Equal("""get_weather{"city":"Ulm","days":3}""");
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
        "a \"b\" \\ Zürich \uD83D\uDE00 <b>&amp;</tool_call></function>"
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
    public void A_value_has_the_type_that_the_schema_names(string parameter, string value, string json)
    {
        Sorted sorted = Answers.Sort(QwenXml, $"<tool_call><function=get_weather><parameter={parameter}>\n{value}\n</parameter></function></tool_call>");

        sorted.Calls.Should().Equal($"get_weather{{\"{parameter}\":{json}}}");
    }

    [Fact]
    public void A_function_without_parameters_has_no_arguments()
    {
        Sorted sorted = Answers.Sort(QwenXml, "<tool_call>\n<function=get_time>\n</function>\n</tool_call>");

        sorted.Calls.Should().Equal("get_time{}");
    }

    [Fact]
    public void Json_in_the_same_tags_is_a_call_too()
    {
        Sorted sorted = Answers.Sort(QwenXml, """<tool_call>{"name": "get_time", "arguments": {"a": 1}}</tool_call>""");

        sorted.Calls.Should().Equal("""get_time{"a":1}""");
    }

    [Theory]
    [InlineData("<tool_call><function=get_time></function><function=get_weather></function></tool_call>")]
    [InlineData("<tool_call><function=get_time></function></tool_call>\n<tool_call><function=get_weather></function></tool_call>")]
    [InlineData("<tool_call><function=get_time></function><tool_call><function=get_weather></function></tool_call>")]
    [InlineData("<function=get_time></function>\n<function=get_weather></function>\n</tool_call>")]
    [InlineData("<function=get_time></function><tool_call>{\"name\": \"get_weather\"}</tool_call>")]
    public void Several_calls_are_found_in_one_block_and_in_many_with_and_without_the_outer_tags(string answer)
    {
        Sorted sorted = Answers.Sort(QwenXml, answer);

        sorted.Calls.Should().Equal("get_time{}", "get_weather{}");
        sorted.Content.Should().BeEmpty();
    }

    [Fact]
    public void Text_after_a_function_without_outer_tags_is_content()
    {
        Sorted sorted = Answers.Sort(QwenXml, "a <function=get_time></function> <b> c");

        sorted.Calls.Should().Equal("get_time{}");
        sorted.Content.Should().Be("a <b> c");
    }

    [Theory]
    [InlineData("<tool_call>\n<function=get_weather>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool")]
    [InlineData("<tool_call>\n<function=get_weather>\n<parameter=days>\n3\n</parameter>\n</func")]
    [InlineData("<function=get_weather><parameter=days>3</parameter></function>")]
    public void A_call_that_lacks_only_its_end_is_a_call(string answer)
    {
        Sorted sorted = Answers.Sort(QwenXml, answer);

        sorted.Calls.Should().Equal("""get_weather{"days":3}""");
        sorted.Content.Should().BeEmpty();
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
    public void What_is_no_call_is_content_once_and_whole(string answer)
    {
        Sorted sorted = Answers.Sort(QwenXml, "Hi ", answer);

        sorted.Content.Should().Be("Hi " + answer);
        sorted.Calls.Should().BeEmpty();
    }

    [Fact]
    public void A_function_that_was_not_offered_is_content_from_its_name_on() =>
        Answers.SoFar(QwenXml, "<tool_call><function=rm_rf>").Should().Be("<tool_call><function=rm_rf>");
}
