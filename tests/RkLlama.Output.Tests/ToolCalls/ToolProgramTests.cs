using RkLlama.Output.Tests.Support;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Programs in Python whose purpose is to call tools, as models of the family Gemma write them. ⏎ is a line break.</summary>
public sealed class ToolProgramTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";
    private const string Paris = """get_weather{"city":"Paris"}""";

    public static TheoryData<string, string[]> Programs => new()
    {
        { "```tool_code⏎# call⏎result = get_weather(city=\"Paris\")⏎```", [Paris] },
        { "```tool_code⏎result = get_weather(city=\"Paris\")⏎print(result)⏎```", [Paris] },
        { "```tool_code⏎# first⏎# second⏎⏎print(get_weather(city=\"Paris\"))⏎```", [Paris] },
        { "```tool_code⏎# with <b> in it⏎get_weather(city=\"Paris\")⏎```", [Paris] },
        { "```tool_code⏎weather = await get_weather(city=\"Paris\")⏎weather⏎```", [Paris] },
        { "```tool_code⏎a = get_weather(city=\"Paris\")⏎b = get_weather(city=\"Oslo\")⏎print(a, b)⏎```", [Paris, Oslo] },
        { "```tool_code⏎a = get_weather(city=\"Paris\")  # Paris⏎print(f\"It is {a['temp']} ({a})\")⏎```", [Paris] },
        { "```tool_code⏎get_weather_result = get_weather(city=\"Paris\")⏎```", [Paris] },
        { "```tool_code⏎results = [get_weather(city=\"Paris\"), ping()]⏎```", [Paris, "ping{}"] },
        { "```tool_code⏎# call⏎result=default_api.get_weather(city=\"Paris\")⏎```", [Paris] },
        { "```tool_code⏎result = set_light(room=\"a⏎# b\", on=True)⏎```", ["""set_light{"room":"a\n# b","on":true}"""] },
        { "```tool_code⏎a = b = get_weather(city=\"Paris\")⏎print(b)⏎```", [Paris] },
        { "```tool_code⏎result = get_weather(city=\"Paris\")⏎result", [Paris] },
        { "<tool_code>⏎# call⏎result = get_weather(city=\"Paris\")⏎print(result)⏎</tool_code>", [Paris] },
        { "<|tool_call_start|>result = get_weather(city=\"Paris\")<|tool_call_end|>", [Paris] },
        { "<tool_call>⏎result = get_weather(city=\"Paris\")⏎</tool_call>", [Paris] },
    };

    public static TheoryData<string> OtherPrograms =>
    [
        "```tool_code⏎result = nosuch(city=\"Paris\")⏎```",
        "```tool_code⏎# call⏎```",
        "```tool_code⏎x = 3⏎```",
        "```tool_code⏎3 = get_weather(city=\"Paris\")⏎```",
        "```tool_code⏎x == get_weather(city=\"Paris\")⏎```",
        "```tool_code⏎if x == get_weather(city=\"Paris\"):⏎    pass⏎```",
        "```tool_code⏎x = get_weather(city=\"Paris\")⏎y = get_weather(city=x)⏎```",
        "```tool_code⏎x = get_weather(city=\"Paris\")⏎print(get_weather(city=x))⏎```",
        "```tool_code⏎x = get_weather(city=\"Paris\")⏎print(y)⏎```",
        "```python⏎result = get_weather(city=\"Paris\")⏎print(result)⏎```",
        "Write:⏎```python⏎# call⏎result = get_weather(city=\"Paris\")⏎```",
        "```⏎# Title⏎text⏎```",
        "```bash⏎# get_weather⏎get_weather Oslo⏎```",
        "result = get_weather(city=\"Paris\")",
        "# call⏎get_weather is good",
    ];

    [Theory]
    [MemberData(nameof(Programs))]
    public void The_calls_of_a_program_between_the_marks_of_a_call_are_found(string form, string[] calls)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(calls);
        result.Content.Should().BeEmpty();
        Pipeline.Run(Settings, answer.Select(static c => c.ToString())).Should().BeEquivalentTo(result);
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 4, splits: 20);
    }

    [Theory]
    [MemberData(nameof(OtherPrograms))]
    public void A_program_that_does_more_or_has_no_mark_is_content(string form)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().BeEmpty();
        result.Content.Should().Be(answer);
        Pipeline.Run(Settings, answer.Select(static c => c.ToString())).Should().BeEquivalentTo(result);
    }

    [Fact]
    public void Text_before_and_after_a_program_is_content()
    {
        string answer = Answer("I look.⏎```tool_code⏎result = get_weather(city=\"Paris\")⏎```⏎I wait.");

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(Paris);
        (result.Content, result.Order).Should().Be(("I look.\nI wait.", "ctc"));
    }
}
