using RkLlama.Output.Tests.Support;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>
/// Calls whose arguments are in an unusual place. There is no call with empty arguments if the text has arguments, and no text is lost. ⏎ is a line break.
/// </summary>
public sealed class ArgumentPlaceTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";

    // In each frame, # is the JSON of a call.
    private static readonly string[] Frames =
    [
        "#", "```json⏎#⏎```", "<tool_call>⏎#⏎</tool_call>", "[#]", "{\"tool_calls\": [#]}", "<tool-use>⏎{\"tool_calls\": [#]}⏎</tool-use>", "<tool_use>#</tool_use>",
        "<tool_call>{\"tool_call\": #}</tool_call>", "Well: #",
    ];

    public static TheoryData<string> Objects =>
    [
        """{"type": "function", "function": {"name": "get_weather"}, "parameters": {"city": "Oslo"}}""",
        """{"type": "function", "function": {"name": "get_weather"}, "arguments": "{\"city\": \"Oslo\"}"}""",
        """{"parameters": {"city": "Oslo"}, "function": {"name": "get_weather"}, "type": "function"}""",
        """{"function": {"name": "get_weather", "arguments": {}}, "arguments": {"city": "Oslo"}}""",
        """{"function": {"name": "get_weather", "arguments": null}, "name": "get_weather", "input": {"city": "Oslo"}}""",
        """{"name": "get_weather", "arguments": {}, "parameters": {"city": "Oslo"}}""",
        """{"name": "get_weather", "arguments": "", "input": {"city": "Oslo"}}""",
        """{"name": "get_weather", "arguments": {}, "city": "Oslo"}""",
        """{"name": "get_weather", "args": [{"name": "city", "value": "Oslo"}]}""",
        """{"name": "get_weather", "arguments": [{"type": "string", "key": "city", "value": "Oslo"}]}""",
        """{"function": {"name": "get_weather"}, "arguments": [{"name": "city", "value": "Oslo"}]}""",
    ];

    public static TheoryData<string, string[], string> Calls => new()
    {
        { "<function>get_weather</function>{\"city\": \"Oslo\"}", [Oslo], "" },
        { "<function>get_weather</function>⏎⏎{\"city\": \"Oslo\"", [Oslo], "" },
        { "<tool_call>get_weather</tool_call>⏎{\"city\": \"Oslo\"}⏎So.", [Oslo], "So." },
        { "<tool_call>ping</tool_call>⏎" + City, ["ping{}", Oslo], "" },
        { "<tool_call>ping</tool_call>⏎{\"ms\": 12}", ["ping{}"], "{\"ms\": 12}" },
        { "<tool_call>ping</tool_call>⏎⏎Wait.", ["ping{}"], "Wait." },
        { "<tool_call>ping</tool_call><tool_call>get_weather</tool_call>{\"city\": \"Oslo\"}", ["ping{}", Oslo], "" },
        { "{\"name\": \"ping\"}⏎", ["ping{}"], "" },
        { "{\"name\": \"ping\"}⏎" + City, ["ping{}", Oslo], "" },
        { "<tool_call>⏎{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\",⏎</tool_call>", [Oslo], "" },
        { "<tool_call>⏎{\"name\": \"get_weather\", \"arguments\": {\"city\": 'Oslo', ⏎```⏎</tool_call>", [Oslo], "" },
        { "<tool_call>{\"name\": \"set_light\", \"arguments\": {\"opts\": {\"a\": [1, 2,</tool_call>", ["""set_light{"opts":{"a":[1,2]}}"""], "" },
        { "<tool_call>" + City + "</tool_call>⏎<tool_call>⏎</tool_call>", [Oslo], "" },
        { "<tool_call>" + City + "</tool_call><tools></tools>⏎So.", [Oslo], "So." },
        { "<response>⏎" + City + "⏎</response>", [Oslo], "" },
        { "```xml⏎<json>⏎" + City + "⏎</json>⏎```", [Oslo], "" },
        { "get_weather(city=\"\"\"Oslo\"\"\")", [Oslo], "" },
        { "get_weather(city=r\"C:\\dir\")", ["""get_weather{"city":"C:\\dir"}"""], "" },
        { "set_light(opts={\"a\": 1}, room=(1, \"b\"))", ["""set_light{"opts":{"a":1},"room":[1,"b"]}"""], "" },
        { "<xml>" + City + "</xml>", [Oslo], "" },
        { "<function/get_weather>{\"city\": \"Oslo\"}</function>", [Oslo], "" },
        { "<function(get_weather){\"city\": \"Oslo\"}</function>", [Oslo], "" },
        { "<tool_call>{\"function\": {\"name\": \"get_weather\"}, \"city\": \"Oslo\"}</tool_call>", [Oslo], "" },
    };

    public static TheoryData<string> Texts =>
    [
        "{\"name\": \"get_weather\"}{\"city\": \"Oslo\"}",
        "{\"name\": \"get_weather\"}⏎{\"city\": \"Oslo\"}",
        "{\"name\": \"ping\"}{\"host\": \"a\"}",
        "{\"name\": \"get_weather\", \"args\": [{\"name\": \"city\", \"value\": \"Oslo\"}, 3]}",
        "{\"name\": \"get_weather\", \"args\": [{\"name\": \"town\", \"value\": \"Oslo\"}]}",
        "{\"name\": \"get_weather\", \"args\": [{\"name\": \"city\", \"value\": \"a\"}, {\"name\": \"city\", \"value\": \"b\"}]}",
        "{\"name\": \"get_weather\", \"arguments\": {}, \"parameters\": \"Oslo\"}",
        "{\"function\": {\"name\": \"get_weather\"}, \"town\": \"Oslo\"}",
        "{\"tool_calls\": [" + City + ", {\"name\": \"ping\"}], \"content\": \"I look.\"}",
        "<function>get_weather</function>{\"city\": \"Os",
        "get_weather(city=(1 2))",
        "get_weather(city=r)",
        "get_weather(city=\"\"\"Oslo\"\")",
        "<tool_call>⏎</tool_call>",
        "So: <tool_call>⏎</tool_call> is empty.",
        "<response>ping</response>",
        "<json>{\"a\": 1}</json> and <xml><a/></xml>",
        "<function(x) and <function/x>",
        "to=ping<br> and to=get_weather {\"city\": \"Oslo\"}",
    ];

    [Theory]
    [MemberData(nameof(Objects))]
    public void The_arguments_are_found_beside_the_name_in_every_frame(string json)
    {
        Random random = new(3);
        List<string> failures = [];

        foreach (string answer in Frames.Select(frame => Answer(frame.Replace("#", json, StringComparison.Ordinal))))
        {
            PipelineResult whole = Pipeline.Run(Settings, answer);
            PipelineResult cut = Pipeline.Run(Settings, Pipeline.RandomTokens(answer, random));
            if (!(whole.Calls is [Oslo] && whole.Content is "" or "Well:" && cut.Calls is [Oslo] && cut.Content == whole.Content))
                failures.Add($"{answer} gives {string.Join(' ', whole.Calls)} and \"{whole.Content}\"");
        }

        failures.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public void The_call_is_found_and_no_text_is_lost(string form, string[] calls, string content)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(calls);
        result.Content.Should().Be(content);
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 4, splits: 10);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_whose_arguments_have_no_clear_place_is_content_and_unchanged(string form)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        (result.Calls.Count, result.Content).Should().Be((0, answer));
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 5, splits: 10);
    }

    [Fact]
    public void A_call_that_the_token_limit_cuts_after_a_comma_is_dropped() =>
        Pipeline.RunTruncated(Settings, "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\",").Order.Should().BeEmpty();
}
