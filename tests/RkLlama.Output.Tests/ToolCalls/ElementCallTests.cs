using System.Text.Json;
using RkLlama.Output.Tests.Support;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Calls in elements of XML that are not the marks of a family: tags with the name of a tool, with attributes, and elements for the arguments. ⏎ is a line break.</summary>
public sealed class ElementCallTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";
    private const string Light = """set_light{"room":"hall","on":true}""";

    public static TheoryData<string, string[]> Calls => new()
    {
        // The name and the arguments in two elements.
        { "<tool>get_weather</tool><args>{\"city\": \"Oslo\"}</args>", [Oslo] },
        { "<tool>get_weather</tool>⏎<args>⏎{\"city\": \"Oslo\"}⏎</args>", [Oslo] },
        { "<tool>get_weather</tool><args>{\"city\": \"Oslo\"</args>", [Oslo] },
        { "<tool>get_weather</tool><parameters><city>Oslo</city></parameters>", [Oslo] },
        { "<tool>ping</tool><args>{}</args><tool>get_weather</tool><input>{'city': 'Oslo',}</input>", ["ping{}", Oslo] },
        { "<function>get_weather</function><arguments>{\"city\": \"Oslo\"}</arguments>", [Oslo] },
        { "<tool_name>get_weather</tool_name><parameters>{\"city\": \"Oslo\"}</parameters>", [Oslo] },
        { "<tool_call>get_weather</tool_call>⏎```json⏎{\"city\": \"Oslo\"}⏎```", [Oslo] },
        { "<tool_call><name>get_weather</name><arguments>{\"city\": \"Oslo\"}</arguments></tool_call>", [Oslo] },
        { "<tool_call>⏎<name>get_weather</name>⏎<arguments>⏎{\"city\": \"Oslo\"}⏎</arguments>⏎</tool_call>", [Oslo] },
        { "<function_call><name>set_light</name><arguments><room>hall</room><on>true</on></arguments></function_call>", [Light] },
        { "<tool_call>get_weather<args>{\"city\": \"Oslo\"}</args></tool_call>", [Oslo] },
        { "<function_calls><invoke><tool_name>get_weather</tool_name><parameters><city>Oslo</city></parameters></invoke></function_calls>", [Oslo] },

        // Tags with the name of a tool.
        { "<get_weather>{\"city\": \"Oslo\"}</get_weather>", [Oslo] },
        { "<get_weather>⏎{\"city\": \"Oslo\"⏎</get_weather>", [Oslo] },
        { "<get_weather>{\"city\": \"Oslo\"}", [Oslo] },
        { "<get_weather><city>Oslo</city></get_weather>", [Oslo] },
        { "<get_weather>⏎<city>Oslo⏎</get_weather>", [Oslo] },
        { "<get_weather><parameter=city>Oslo</parameter></get_weather>", [Oslo] },
        { "<get_weather><parameter name=\"city\">Oslo</parameter></get_weather>", [Oslo] },
        { "<get_weather><parameters><city>Oslo</city></parameters></get_weather>", [Oslo] },
        { "<get_weather city=\"Oslo\"/>", [Oslo] },
        { "<set_light room='hall' on=\"true\"></set_light>", [Light] },
        { "<tool_call><get_weather><city>Oslo</city></get_weather></tool_call>", [Oslo] },
        { "```xml⏎<get_weather>⏎<city>Oslo</city>⏎</get_weather>⏎```", [Oslo] },
        { "<ping/>", ["ping{}"] },
        { "<ping></ping>⏎<get_weather><city>Oslo</city></get_weather>", ["ping{}", Oslo] },
        { "<set_light>⏎<room>a < b</room>⏎<opts>{\"x\": \"</room>\"}</opts>⏎</set_light>", ["""set_light{"room":"a < b","opts":{"x":"</room>"}}"""] },

        // Marks with attributes, or in another spelling.
        { "<tool_call id=\"call_1\">" + City + "</tool_call>", [Oslo] },
        { "<tool_call id='1' type=\"function\">⏎[" + City + "]⏎</tool_call>", [Oslo] },
        { "<tool_call name=\"get_weather\">{\"city\": \"Oslo\"}</tool_call>", [Oslo] },
        { "<tool_call id=\"1\" name=\"get_weather\"><city>Oslo</city></tool_call>", [Oslo] },
        { "<tool_call name=\"get_weather\" arguments='{\"city\": \"Oslo\"}'/>", [Oslo] },
        { "<tool=get_weather>{\"city\": \"Oslo\"}</tool>", [Oslo] },
        { "<function id=\"3\" name=\"get_weather\"><parameter name=\"city\">Oslo</parameter></function>", [Oslo] },
        { "<tool name=\"ping\"/><tool name=\"get_weather\" city=\"Oslo\"/>", ["ping{}", Oslo] },
        { "<Tool_Call>" + City + "</Tool_Call>", [Oslo] },
        { "<tool-call>" + City + "</tool-call>", [Oslo] },
        { "<tool_call " + City + "</tool_call>", [Oslo] },
        { "[tool_call]" + City + "[/tool_call]", [Oslo] },
        { "[TOOL_CALL]" + City + "[/TOOL_CALL]", [Oslo] },

        // Closing tags and blanks in another spelling.
        { "<tool_call>" + City + "</call>", [Oslo] },
        { "<tool_call>" + City + "</Tool_Call>", [Oslo] },
        { "<tool_call>" + City + "</tool_call|>", [Oslo] },
        { "<tool_call>\\n" + City + "\\n</tool_call>", [Oslo] },

        // Elements of one argument.
        { "<function=get_weather><param name=\"city\">Oslo</param></function>", [Oslo] },
        { "<function=get_weather><arg=city>Oslo</arg></function>", [Oslo] },
        { "<function=get_weather><parameter=city=\"Oslo\"></parameter></function>", [Oslo] },
        { "<function=get_weather><parameter name=\"city\" value=\"Oslo\"/></function>", [Oslo] },
        { "<function=get_weather><arguments>{\"city\": \"Oslo\"}</arguments></function>", [Oslo] },
        { "<function=get_weather>{\"city\": \"Oslo\"</function>", [Oslo] },
        { "<function=get_weather city=\"Oslo\"/>", [Oslo] },
        { "<function=ping/>", ["ping{}"] },
        { "<function=get_weather><parameter=city><![CDATA[a & <b>⏎]]></parameter></function>", ["""get_weather{"city":"a & <b>\n"}"""] },

        // Fences of other languages, and with a comment.
        { "```yaml⏎" + City + "⏎```", [Oslo] },
        { "```typescript⏎[" + City + "]⏎```", [Oslo] },
        { "```json⏎// the call⏎" + City + "⏎```", [Oslo] },

        // Values in a copy of the schema, and arguments whose names a call may also have.
        { "{\"name\": \"get_weather\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": \"Oslo\"}}}", [Oslo] },
        { "{\"name\": \"get_weather\", \"parameters\": {\"city\": {\"type\": \"string\", \"value\": \"Oslo\"}}}", [Oslo] },
        { "{\"thought\": \"I need it.\", \"action\": \"get_weather\", \"action_input\": {\"city\": \"Oslo\"}}", [Oslo] },
        { "{\"role\": \"assistant\", \"tool_calls\": [{\"id\": \"1\", \"function\": {\"name\": \"get_weather\", \"arguments\": \"{\\\"city\\\": \\\"Oslo\\\"}\"}}]}", [Oslo] },
    };

    public static TheoryData<string, string, string> CallsAndText => new()
    {
        { "I look.⏎<get_weather>⏎<city>Oslo</city>⏎</get_weather>", Oslo, "I look." },
        { "I look.⏎<get_weather>⏎<city>Oslo</city>⏎</get_weather>⏎One moment.", Oslo, "I look.\nOne moment." },
        { "I look: <get_weather><city>Oslo</city></get_weather>", Oslo, "I look:" },
        { "I look: <tool_call id=\"1\">" + City + "</tool_call>", Oslo, "I look:" },
        { "<tool>get_weather</tool><args>{\"city\": \"Oslo\"}</args> Done.", Oslo, "Done." },
    };

    public static TheoryData<string> Texts =>
    [
        "<tool>get_weather</tool><args>nonsense</args>",
        "<tool>ping</tool><args>nonsense</args>",
        "<tool>get_weather</tool><args>{\"city\": \"Os",
        "<tool>get_weather</tool> city=Oslo",
        "<tool_call>get_weather</tool_call> {\"town\": \"Oslo\"}",
        "The <ping> tag is a tool, and so is <ping/>, as you see.",
        "The tag <get_weather> takes a <city>.",
        "Use `<ping/>` to ping.",
        "<get_weather>Oslo</get_weather>",
        "<get_weather town=\"Oslo\"/>",
        "<get_weather/>",
        "<get_weather><ci",
        "<get_weather><city>Os",
        "<get_wea",
        "The <tool_call id=\"x\"> tag.",
        "A <tool_call name= is not one, nor is <tool_call name=\"nosuch\">{}</tool_call>.",
        "<tool_call id=\"1\">{\"name\": \"nosuch\"}</tool_call>",
        "<tool_call>" + City + "</b",
        "<function=get_weather><parameter=ci\"ty>Oslo</parameter></function>",
        "<table><tr><td>x</td></tr></table> and <tools/> and <Function/>",
        "1 < t and <t and <f",
        "{\"name\": \"get_weather\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}}",
    ];

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_call_in_an_element_is_found(string form, string[] calls)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(calls);
        result.Content.Should().BeEmpty();
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 4, splits: 10);
    }

    [Theory]
    [MemberData(nameof(CallsAndText))]
    public void Text_around_an_element_is_content(string form, string call, string content)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(call);
        result.Content.Should().Be(content);
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 5, splits: 10);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void An_element_that_cannot_be_read_is_content_and_unchanged(string form)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        (result.Calls.Count, result.Content).Should().Be((0, answer));
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 6, splits: 10);
    }

    [Theory]
    [InlineData("So: <tool_call id=\"1\">{\"name\": \"get_wea", "So:")]
    [InlineData("So: <get_weather><city>Os", "So: <get_weather><city>Os")]
    public void An_element_that_the_token_limit_cuts_is_dropped_only_if_it_is_a_mark(string answer, string content) =>
        Pipeline.RunTruncated(Settings, answer).Content.TrimEnd().Should().Be(content);

    [Theory]
    [InlineData("So: <tool_call id=\"1\">" + City + "</tool_call>", "So:")]
    [InlineData("<get_weather><city>Oslo</city></get_weather>", "<get_weather><city>Oslo</city></get_weather>")]
    public void If_calls_are_dropped_a_mark_with_attributes_is_dropped_too(string answer, string content) =>
        Pipeline.Run(Settings with { DropsToolCalls = true }, answer).Content.TrimEnd().Should().Be(content);

    [Fact]
    public void Arguments_beside_the_name_may_have_names_that_a_call_has()
    {
        using JsonDocument schema = JsonDocument.Parse("""{"type":"object","properties":{"id":{"type":"integer"},"type":{"type":"string"}},"required":["id"]}""");
        OutputPipelineSettings settings = new()
        {
            Tools = Settings.Tools,
            ToolNames = new HashSet<string> { "get_item" },
            ToolSchemas = new Dictionary<string, JsonElement> { ["get_item"] = schema.RootElement },
        };

        Pipeline.Run(settings, "<tool_call>{\"name\": \"get_item\", \"id\": 3}</tool_call>").Calls.Should().Equal("""get_item{"id":3}""");
        Pipeline.Run(settings, "{\"type\": \"function\", \"name\": \"get_item\", \"id\": \"3\"}").Calls.Should().Equal("""get_item{"id":3}""");
        Pipeline.Run(settings, "{\"id\": \"call_1\", \"name\": \"get_item\", \"arguments\": {\"id\": 3}}").Calls.Should().Equal("""get_item{"id":3}""");
    }
}
