using RkLlama.Output.Tests.Support;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Texts that look like the forms of <see cref="FormVariantTests"/>, but are no calls. ⏎ is a line break.</summary>
public sealed class LookalikeTextTests
{
    public static TheoryData<string> Texts =>
    [
        "I call it so: " + City + " and wait.",
        "I call it so: `" + City + "` and wait.",
        "I call it so: {\"name\": \"nosuch\", \"arguments\": {\"city\": \"Oslo\"}}",
        "- {\"name\": \"Oslo\"}⏎- {\"name\": \"Rome\"}⏎- done",
        "Write:⏎```python⏎get_weather(city=\"Oslo\")⏎```",
        "```python⏎get_weather(city=\"Oslo\")⏎```⏎That is the program.",
        "```python⏎print(\"get_weather\")⏎```",
        "{{ x }} and {{\"a\": 1}}",
        "\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}",
        "{\"city\": \"Oslo\", \"name\": \"get_weather\"}",
        "{\"name\": \"get_weather\", \"country\": \"Norway\"}",
        "{\"nosuch\": {\"city\": \"Oslo\"}}",
        "{\"tool_calls\": [{\"name\": \"nosuch\", \"arguments\": {}}]}",
        "{\"tool_calls\": []}",
        "{\"get_weather\": \"Oslo\"}",
        "[{\"a\": 1}}]",
        "The functools module has functools.reduce, functools [1] and functools[x].",
        "</tool_call> is a closing tag.",
        "function<T>(x) and function<｜tool",
        "<tool_call><tool_call> are two marks.",
        "<tool_call>⏎" + City + " so⏎</tool_call>",
        "<function=get_weather>⏎<parameter=city>⏎Oslo",
        "<function=get_weather><parameter=city>Oslo</par",
        "<function=get_weather>city",
        "[TOOL_CALLS]get_weather[ARGS]",
        "<tool_call>get_weather⏎<arg_key>city</arg_key>⏎<arg_value>Os",
        "<tool_call>get_weather⏎<arg_key>city</arg_key>⏎<arg_value>a⏎<arg_key>city</arg_key>⏎<arg_value>b</arg_value>⏎</tool_call>",
        "<function=get_weather>⏎<parameter=city>⏎a⏎</parameter>⏎<parameter=city>⏎b⏎</parameter>⏎</function>",
        "get_weather(city=home)",
        "get_weather({\"city\": home})",
        "get_weather(*args)",
        "```html⏎<div>{}</div>⏎```",
        "`get_weather` is a tool.",
        "get_weather({\"city\": \"Oslo\"})}functools</json> is no call.",
        "42",
        "1. Oslo⏎2. Rome⏎⏎3) 4.5",
        "So: " + City + "⏎3",
        "`get_weather(city=\"Oslo\")` calls it.",
        "Call `get_weather(city=\"Oslo\")`",
        "{\"action\": {\"name\": \"nosuch\"}}",
        "```⏎",
        "*Oslo* is - well - cold.",
        "```json⏎{\"name\": \"nosuch\"}⏎```⏎`{x}` and ``{\"y\"}``",
        "<tool>hammer</tool> and <function>f</function>",
        ">>> get_weather(city=\"Oslo\")⏎{\"city\": \"cold\"}",
        ">>> ping⏎{}",
        ">>>nosuch⏎{\"city\": \"Oslo\"}",
        ">>>get_weather⏎is a tool.",
        "a >>> b >> c > d and `>>>`",
        "> quote⏎>> nested⏎>>> deep⏎>>>",
        "See <invoke name=\"x\"> and <function name=\"y\">.",
    ];

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_that_only_looks_like_a_call_is_content_and_unchanged(string form)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().BeEmpty();
        result.Content.Should().Be(answer);
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 9, splits: 10);
    }

    [Fact]
    public void Calls_without_a_mark_stay_content_if_calls_are_dropped()
    {
        OutputPipelineSettings settings = Settings with { DropsToolCalls = true };

        (Pipeline.Run(settings, City).Content, Pipeline.Run(settings, $"<tool_call>{City}</tool_call>").Content).Should().Be((City, ""));
    }

    [Fact]
    public void A_call_without_a_mark_that_the_token_limit_cuts_is_content() =>
        Pipeline.RunTruncated(Settings, City[..^9]).Content.Should().Be(City[..^9]);
}
