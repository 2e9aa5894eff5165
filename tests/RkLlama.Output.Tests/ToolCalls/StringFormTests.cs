using RkLlama.Output.StructuredJson;
using RkLlama.Output.Tests.Support;
using RkLlama.Prompts;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Strings in a form that JSON does not have, in calls and in structured output. ⏎ is a line break.</summary>
public sealed class StringFormTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";

    // In each frame, # is the value of the city.
    private static readonly string[] Frames =
    [
        "<tool_call>⏎{\"name\": \"get_weather\", \"arguments\": {\"city\": #}}⏎</tool_call>", "{\"name\": \"get_weather\", \"arguments\": {\"city\": #}}",
        "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": {\"city\": #}}]", "[TOOL_CALLS]get_weather[ARGS]{\"city\": #}", "<function=get_weather>{\"city\": #}</function>",
        "```json⏎{\"arguments\": {\"city\": #}, \"name\": \"get_weather\"}⏎```", "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": #</tool_call>",
        "<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": #}<|tool_call_end|>", "get_weather⏎{city: #}",
    ];

    public static TheoryData<string, string> Values => new()
    {
        { "\"\"\"Oslo\"\"\"", "Oslo" },
        { "'''Oslo'''", "Oslo" },
        { "\"\"\"He said \"hi\".⏎'x' {y}⏎\"\"\"", "He said \\\"hi\\\".\\n'x' {y}\\n" },
        { "\"\"\"ends with \"one\"\"\"\"", "ends with \\\"one\\\"" },
        { "\"\"\"\"\"\"", "" },
        { "\"\"\"a\\tb C:\\dir\"\"\"", "a\\tb C:\\\\dir" },
        { "`a \"b\" 'c'⏎d`", "a \\\"b\\\" 'c'\\nd" },
        { "<|\"|>Oslo<|\"|>", "Oslo" },
        { "<|\"|>a \"b\" <c> {d} \\n<|\"|>", "a \\\"b\\\" <c> {d} \\\\n" },
        { "<escape>Oslo<escape>", "Oslo" },
        { "\"{\"a\": 1}\"", "{\\\"a\\\": 1}" },
        { "\"{⏎  \"a\": {\"b\": [\"}\", 2]},⏎  \"c\": \"d\"⏎}⏎\"", "{\\n  \\\"a\\\": {\\\"b\\\": [\\\"}\\\", 2]},\\n  \\\"c\\\": \\\"d\\\"\\n}\\n" },
        { "\"[{\"a\": \"x\"}]\"", "[{\\\"a\\\": \\\"x\\\"}]" },
        { "\"{\"a\": \"C:\\\\x\"}\"", "{\\\"a\\\": \\\"C:\\\\\\\\x\\\"}" },
        { "\"<a href=\"x\">y</a>\"", "<a href=\\\"x\\\">y</a>" },
        { "\"echo \"$HOME\"\"", "echo \\\"$HOME\\\"" },
        { "\"d = {\"a\": 1}\"", "d = {\\\"a\\\": 1}" },
        { "\"{x} and \"y\"\"", "{x} and \\\"y\\\"" },
        { "\"for i in {1..3}; do echo \"$i\"; done\"", "for i in {1..3}; do echo \\\"$i\\\"; done" },
        { "\"echo '{\"a\": \"b\"}' | jq .\"", "echo '{\\\"a\\\": \\\"b\\\"}' | jq ." },
        { "\"d = {\"a\": 1, \"b\": [2, \"c\"]}⏎print(d[\"a\"])\"", "d = {\\\"a\\\": 1, \\\"b\\\": [2, \\\"c\\\"]}\\nprint(d[\\\"a\\\"])" },
        { "\"{\"a\": 1} is JSON\"", "{\\\"a\\\": 1} is JSON" },
        { "\"{\"", "{" },
        { "\"\"", "" },
    };

    public static TheoryData<string> ArgumentStrings =>
    [
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": \"{\"city\": \"Oslo\"}\"}</tool_call>",
        "{\"name\": \"get_weather\", \"arguments\": \"{\"city\": \"Oslo\"}\"}",
        "{\"arguments\": \"{\"city\": \"Oslo\"}\", \"name\": \"get_weather\"}",
        "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": \"{\"city\": \"Oslo\"}\", \"id\": \"abcdefghi\"}]",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": \"{\"city\": \"Oslo\"}}</tool_call>",
        "{\"function\": {\"name\": \"get_weather\", \"arguments\": \"{⏎\"city\": \"Oslo\"⏎}\"}}",
        "{\"name\"： \"get_weather\"， \"arguments\"：{\"city\"：\"Oslo\"}}",
        "<tool_call>call:get_weather{city:<|\"|>Oslo<|\"|>}</tool_call>",
        "call:get_weather{city:<|\"|>Oslo<|\"|>}",
        "get_weather(city=<|\"|>Oslo<|\"|>)",
        "```tool_code⏎print(get_weather(city=<|\"|>Oslo<|\"|>))⏎```",
        "<|tool_call_start|>[get_weather(city=<escape>Oslo<escape>)]<|tool_call_end|>",
        "<|tool_call_begin|>functions.get_weather!0<|tool_call_argument_begin|>{\"city\": \"Oslo\"}<|tool_call_end|>",
        "<|tool_call_begin|>get_weather#12 {\"city\": \"Oslo\"}<|tool_call_end|>",
        "{\"name\": \"functions.get_weather!0\", \"arguments\": {\"city\": \"Oslo\"}}",
    ];

    public static TheoryData<string> Texts =>
    [
        "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"{\"a\": 1}",
        "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"\"\"Oslo\"}}",
        "{\"name\": \"get_weather\", \"arguments\": {\"city\": <|\"|>Oslo\"}}",
        "{\"name\": \"get_weather\", \"arguments\": {\"city\": <b>Oslo</b>}}",
        "{\"name\": \"get_weather\", \"arguments\": \"{\"city\": Oslo}\"}",
        "get_weather(city=<|\"|>Oslo)",
        "get_weather(city=<b>)",
        "ping! That is a tool, and get_weather#1 is another.",
    ];

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_in_an_unusual_form_is_read_in_every_frame(string value, string expected)
    {
        Random random = new(6);
        List<string> failures = [];

        foreach (string answer in Frames.Select(frame => Answer(frame.Replace("#", value, StringComparison.Ordinal))))
        {
            PipelineResult whole = Pipeline.Run(Settings, answer);
            PipelineResult cut = Pipeline.Run(Settings, Pipeline.RandomTokens(answer, random));
            if (!(whole.Calls is [var call] && call == $$"""get_weather{"city":"{{expected}}"}""" && whole.Content.Length == 0 && cut.Calls.SequenceEqual(whole.Calls)))
                failures.Add($"{answer} gives {string.Join(' ', whole.Calls)} and \"{whole.Content}\"");
        }

        failures.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void The_same_value_is_read_in_structured_output(string value, string expected) =>
        JsonRepair.Repair(Answer($$"""{"city": {{value}}, "x": 1,}"""), CpuBudget.Unlimited()).Should().Be($$"""{"city":"{{expected}}","x":1}""");

    [Theory]
    [MemberData(nameof(ArgumentStrings))]
    public void Arguments_in_an_unusual_string_are_read(string form)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(Oslo);
        result.Content.Should().BeEmpty();
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 2, splits: 10);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_string_without_an_end_is_content_and_unchanged(string form)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        (result.Calls.Count, result.Content).Should().Be((0, answer));
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 3, splits: 10);
    }
}
