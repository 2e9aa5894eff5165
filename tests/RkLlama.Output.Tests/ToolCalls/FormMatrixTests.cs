using System.Text.Json;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>The same mistake counts in every family: each mistake in the JSON of a call, inside the marks of each family.</summary>
public sealed class FormMatrixTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";

    // In each frame, # is the JSON of a call.
    private static readonly string[] Frames =
    [
        "#", "\n#\n", "[#]", "```json\n#\n```", "```\n[#]\n```", "`#`", "Well: #", "- #", "<tool_call>\n#\n</tool_call>", "<tool_call>[#]</tool_call>",
        "<tool_call>\n#", "<tool_call>\n#\n<tool_call>", "<tool_call>\n<tool_call>\n#\n</tool_call>\n</tool_call>", "</tool_call>\n<tool_call>#</tool_call>",
        "<tool_call>\n```json\n#\n```\n</tool_call>", "```xml\n<tool_call>\n#\n</tool_call>\n```", "<tool_call>get_weather\n#\n</tool_call>", "<tools>#</tools>",
        "<tool_calls>\n<tool_call>\n#\n</tool_call>\n</tool_calls>", "<tool_calls>[#]</tool_calls>", "[TOOL_CALLS][#]", "[TOOL_CALLS] #", "[TOOL_CALLS]```json\n[#]\n```",
        "[TOOL_CALLS][#]</s>", "[TOOL_CALLS][[#]]", "<|python_tag|>#<|eom_id|>", "<|python_start|>#<|python_end|>", "functools[#]", "functools\n[#]",
        "<|tool_call|>[#]<|/tool_call|>", "<|tool_call|>#", "<|tool_call_start|>[#]<|tool_call_end|>", "<|action_start|><|plugin|>\n#<|action_end|>", "<TOOLCALL>[#]</TOOLCALL>",
        "<|START_ACTION|>[#]<|END_ACTION|>", "<function_calls>[#]</function_calls>", "<function_call>#</function_call>", "<|tool_call>#<tool_call|>", "<tool>#</tool>",
        "[TOOL_REQUEST]#[END_TOOL_REQUEST]", "<think>\nhm\n</think>\n\n#", "<think>hm</think><tool_call>#</tool_call></think>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n#\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>#<｜tool▁call▁end｜><｜tool▁calls▁end｜>", "[TOOL_CALLS]get_weather[ARGS]#",
        "<function=get_weather>#</function>", "<function=get_weather>\n```json\n#\n```\n</function>", "get_weather\n#", "<tool_call>\n#.\n</tool_call>",
    ];

    private static readonly string[] Objects =
    [
        """{"name": "get_weather", "arguments": {"city": "Oslo"}}""",
        """{"name": "get_weather", "arguments": {"city": "Oslo"}}}""",
        """{"name": "get_weather", "arguments": {"city": "Oslo",},}""",
        """{'name': 'get_weather', 'arguments': {'city': 'Oslo'}}""",
        """{name: "get_weather", arguments: {city: "Oslo"}}""",
        """{{"name": "get_weather", "arguments": {"city": "Oslo"}}}""",
        """{{"name": "get_weather", "arguments": {{"city": "Oslo"}}}}""",
        """{"name": "get_weather", "arguments": "{\"city\": \"Oslo\"}"}""",
        """{"arguments": {"city": "Oslo"}, "name": "get_weather"}""",
        """{"id": 0, "type": "function", "name": "functions.get_weather", "args": {"city": "Oslo"}}""",
        """{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}""",
        """{"function": "get_weather", "Parameters": {"city": "Oslo"}}""",
        """{"tool_call": {"name": "get_weather", "arguments": {"city": "Oslo"}}}""",
        """{"tool_calls": [{"id": "1", "name": "default_api.get_weather", "tool_input": {"city": "Oslo"}}]}""",
        """{"get_weather": {"city": "Oslo"}}""",
        """{"name": "get_weather", "city": "Oslo"}""",
        """{"name": "get_weather", "arguments": [{"city": "Oslo"}]}""",
        """{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}""",
        """{name": "get_weather", arguments": {city": "Oslo"}}""",
        """{"name: "get_weather", "arguments": {"city: "Oslo"}}""",
        """{"name="get_weather", "arguments": {"city": "Oslo"}}""",
        "{\n  \"name\": \"get_weather\",  // the name\n  \"arguments\": {\n    \"city\": \"Oslo\"\n  }\n}",
    ];

    public static TheoryData<string> All => [.. Frames];

    [Theory]
    [MemberData(nameof(All))]
    public void A_mistake_in_the_json_of_a_call_is_mended_in_every_frame(string frame)
    {
        Random random = new(11);
        List<string> failures = [];

        foreach (string json in Objects)
        {
            string answer = frame.Replace("#", json, StringComparison.Ordinal);
            PipelineResult whole = Pipeline.Run(Settings, answer);
            PipelineResult cut = Pipeline.Run(Settings, Pipeline.RandomTokens(answer, random));
            bool isRight = whole.Calls is [Oslo] && whole.Content is "" or "Well:" && cut.Calls is [Oslo] && cut.Content == whole.Content;
            if (!isRight)
                failures.Add($"{answer} gives {string.Join(' ', whole.Calls)} and \"{whole.Content}\"");
        }

        failures.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_json_of_a_tool_that_is_not_offered_is_content_in_every_frame(string frame)
    {
        foreach (string json in Objects.Select(static json => json.Replace("get_weather", "nosuch", StringComparison.Ordinal)))
        {
            string answer = frame.Replace("get_weather", "nosuch", StringComparison.Ordinal).Replace("#", json, StringComparison.Ordinal);

            PipelineResult result = Pipeline.Run(Settings with { SplitsReasoning = false }, answer);

            (result.Calls.Count, result.Content).Should().Be((0, answer));
        }
    }

    private static OutputPipelineSettings Settings { get; } = new()
    {
        Tools = ToolFamilies.Unknown,
        ToolNames = new HashSet<string> { "get_weather", "ping" },
        ToolSchemas = new Dictionary<string, JsonElement>
        {
            ["get_weather"] = JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""").RootElement,
        },
    };
}
