using System.Text.Json;
using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Answers of real models that contain calls in a format, or with a mistake, that their family is not known for.</summary>
public sealed class FieldReportTests
{
    private const string City = """{"name": "get_weather", "arguments": {"city": "Oslo"}}""";
    private const string Oslo = """get_weather{"city":"Oslo"}""";
    private const string Rome = """get_weather{"city":"Rome"}""";

    private static readonly Dictionary<string, JsonElement> Schemas = new()
    {
        ["get_weather"] = JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}}""").RootElement,
    };

    public static TheoryData<string, string, string[]> Calls => new()
    {
        // Mistakes in JSON.
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}}\n</tool_call>", [Oslo] },
        { "Hermes", "<tool_call>\n[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}]}\n</tool_call>", [Oslo] },
        { "unknown", City + "}", [Oslo] },
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}\n</tool_call>", [Oslo] },
        { "Hermes", "<tool_call>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}]</tool_call>", [Oslo] },
        { "Hermes", "<tool_call>\n{'name': 'get_weather', 'arguments': {'city': 'Oslo'}}\n</tool_call>", [Oslo] },
        { "Llama 3", "{'name': 'get_weather', 'parameters': {'city': 'Oslo'}}", [Oslo] },
        { "Hermes", "<tool_call>\n{name: \"get_weather\", arguments: {city: \"Oslo\"}}\n</tool_call>", [Oslo] },
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"line1\nline2\"}}\n</tool_call>", ["""get_weather{"city":"line1\nline2"}"""] },
        { "Mistral", "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a\tb\"}}]", ["""get_weather{"city":"a\tb"}"""] },
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\",}}\n</tool_call>", [Oslo] },
        { "Mistral", "[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Oslo\",}", [Oslo] },
        { "Hermes", "<tool_call>{\"name\": \"set_light\", \"arguments\": {\"on\": True, \"opts\": None}}</tool_call>", ["""set_light{"on":true,"opts":null}"""] },
        { "Hermes", """<tool_call>{"name": "get_weather", "arguments": {"city": "C:\dir"}}</tool_call>""", ["""get_weather{"city":"C:\\dir"}"""] },

        // Names of members, and names of tools.
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"args\": {\"city\": \"Oslo\"}}\n</tool_call>", [Oslo] },
        { "Hermes", "<tool_call>\n{\"tool\": \"get_weather\", \"input\": {\"city\": \"Oslo\"}}\n</tool_call>", [Oslo] },
        { "Llama 3", """{"type": "function", "function": {"name": "get_weather", "parameters": {"city": "Oslo"}}}""", [Oslo] },
        { "Hermes", """<tool_call>{"function": {"name": "get_weather", "arguments": "{\"city\": \"Oslo\"}"}}</tool_call>""", [Oslo] },
        { "Llama 3", """{"function": "get_weather", "parameters": {"city": "Oslo"}}""", [Oslo] },
        { "Hermes", "<tool_call>\n{\"name\": \"functions.get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>", [Oslo] },
        { "Llama 3", """[functions.get_weather(city="Oslo")]""", [Oslo] },
        { "Hermes", "<tool_call>\nget_weather\n{\"city\": \"Oslo\"}\n</tool_call>", [Oslo] },
        { "Hermes", "<tool_call>functions.get_weather {\"city\": \"Oslo\"}</tool_call>", [Oslo] },

        // Without a mark.
        { "Hermes", City, [Oslo] },
        { "unknown", "\n" + City + "\n", [Oslo] },
        { "Mistral", "[" + City + "]", [Oslo] },
        { "Hermes", City + "\n" + City, [Oslo, Oslo] },
        { "Hermes", "```json\n" + City + "\n```", [Oslo] },
        { "Llama 3", "```json\n" + City + "\n```\n", [Oslo] },
        { "unknown", "```\n[" + City + ", " + City + "]\n```", [Oslo, Oslo] },
        { "DeepSeek", "```json\n" + City, [Oslo] },

        // Marks of another family, and fences between marks.
        { "Hermes", "<tool_call>\n```json\n" + City + "\n```\n</tool_call>", [Oslo] },
        { "Hermes", "<tools>\n" + City + "\n</tools>", [Oslo] },
        { "Llama 3", "<function=get_weather>{\"city\": \"Oslo\"}</function>", [Oslo] },
        { "Hermes", "<function=get_weather>\n{\"city\": \"Oslo\"}\n</function>\n<function=ping>{}</function>", [Oslo, "ping{}"] },
        { "Llama 3", "<|python_tag|>get_weather.call(city=\"Oslo\")", [Oslo] },
        { "Llama 3", "<|python_tag|>get_weather(city=\"Oslo\")", [Oslo] },
        { "Llama 3", "<|python_start|>{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}<|python_end|>", [Oslo] },
        { "Llama 4", "<|python_start|>[get_weather(city=\"Oslo\"), ping()]<|python_end|>", [Oslo, "ping{}"] },
        { "DeepSeek", "<tool_call>\n" + City + "\n</tool_call>", [Oslo] },
        { "Gemma", "<tool_call>\n{\"name\": \"get_weather\", \"args\": {\"city\": \"Oslo\"}}\n</tool_call>", [Oslo] },
        { "unknown", "[TOOL_CALLS][" + City + "]", [Oslo] },
        { "Mistral", "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}, \"id\": \"abcdefghi\"}]</s>", [Oslo] },
        { "Llama 3", "<|python_tag|>" + City + "<|eom_id|>", [Oslo] },
        { "Hermes", "<tool_call>" + City + "</tool_call>\n</tool_call><|im_end|>\n", [Oslo] },
        { "Hermes", "<tool_call>" + City + "\n<tool_call>" + City, [Oslo, Oslo] },

        // Python.
        { "Llama 3", "[get_weather(city=\"Oslo\")]", [Oslo] },
        { "Llama 3", "[get_weather(city=\"Oslo\"), get_weather(city='Rome')]", [Oslo, Rome] },
        { "Llama 3", "[set_light(room=\"a, (b)\", on=True, opts={'x': [1, 2.5], \"y\": None})]", ["""set_light{"room":"a, (b)","on":true,"opts":{"x":[1,2.5],"y":null}}"""] },
        { "Gemma", "```tool_code\nget_weather(city=\"Oslo\")\n```", [Oslo] },
        { "Gemma", "```tool_code\nprint(get_weather(city=\"Oslo\"))\n```", [Oslo] },
        { "unknown", "```tool_code\nget_weather(\"Oslo\", 3)\nping()\n```", ["""get_weather{"city":"Oslo","days":3}""", "ping{}"] },
        { "MiniCPM, LFM2", "<|tool_call_start|>[get_weather(city=\"Oslo\")]<|tool_call_end|>", [Oslo] },
        { "MiniCPM, LFM2", "<|tool_call_start|>\n```python\nget_weather(city=\"Oslo\")\n```\n<|tool_call_end|>", [Oslo] },
        { "unknown", "get_weather(city=\"Oslo\")", [Oslo] },
        { "OLMo", "<function_calls>\nget_weather(city=\"Oslo\")\nping()\n</function_calls>", [Oslo, "ping{}"] },

        // Other families.
        { "Phi-4-mini, Granite", "functools[" + City + "]", [Oslo] },
        { "Phi-4-mini, Granite", "<|tool_call|>[" + City + "]<|/tool_call|>", [Oslo] },
        { "Phi-4-mini, Granite", "<|tool_call|>" + City, [Oslo] },
        { "GLM-4.5", "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>", [Oslo] },
        { "GLM-4.5", "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>\n<tool_call>ping</tool_call>", ["""get_weather{"city":"Oslo","days":3}""", "ping{}"] },
        { "GLM-4", "get_weather\n{\"city\": \"Oslo\"}", [Oslo] },
        { "GLM-4", "I look.\nget_weather\n{\"city\": \"Oslo\"}\n<|observation|>", [Oslo] },
        { "InternLM", "<|action_start|><|plugin|>\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}<|action_end|>", [Oslo] },
        { "Hermes", "<tool_call>[\n" + City + "\n]</tool_call>", [Oslo] },
        { "Nemotron", "<TOOLCALL>[" + City + "]</TOOLCALL>", [Oslo] },
        { "Hunyuan, Jamba", "<tool_calls>\n<tool_call>get_weather\n```json\n{\"city\": \"Oslo\"}\n```\n</tool_call>\n</tool_calls>", [Oslo] },
        { "Hunyuan, Jamba", "<tool_calls>[" + City + "]</tool_calls>", [Oslo] },
        { "Command R", "<|START_ACTION|>[{\"tool_call_id\": \"0\", \"tool_name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}]<|END_ACTION|>", [Oslo] },
        { "Gemma 4", "<|tool_call>call:get_weather{city:<|\"|>Oslo<|\"|>}<tool_call|>", [Oslo] },
        { "Gemma 4", "<|tool_call>call:set_light{room:<|\"|>a \"}\" b<|\"|>,on:true,opts:{x:[1,2]}}<tool_call|>", ["""set_light{"room":"a \"}\" b","on":true,"opts":{"x":[1,2]}}"""] },
        { "Gemma 4", "<|tool_call>" + City + "<tool_call|>", [Oslo] },

        // XML.
        { "Qwen XML", "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</parameter>\n</function>\n</tool_call>", [Oslo] },
        { "Qwen XML", "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</function>\n</tool_call>\n</tool_call>", [Oslo] },
        { "Qwen XML", "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>", ["""get_weather{"city":"Oslo","days":3}"""] },
        { "Qwen XML", "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</function>\n</tool_call>", [Oslo] },
        { "Hermes", "<tool_call><function=get_weather><parameter=city>Oslo</parameter></function></tool_call>", [Oslo] },

        // Values of a wrong type.
        { "Llama 3", """{"name": "get_weather", "parameters": {"city": "Oslo", "days": "3"}}""", ["""get_weather{"city":"Oslo","days":3}"""] },
        { "Hermes", """<tool_call>{"name": "get_weather", "arguments": {"city": 3, "days": "3.5"}}</tool_call>""", ["""get_weather{"city":"3","days":"3.5"}"""] },
    };

    public static TheoryData<string, string> Texts => new()
    {
        { "Hermes", "<tool_call>\n{\"name\": \"nosuch\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>" },
        { "Hermes", "{\"name\": \"nosuch\", \"arguments\": {\"city\": \"Oslo\"}}" },
        { "Llama 3", "```json\n{\"name\": \"nosuch\", \"parameters\": {}}\n```" },
        { "unknown", "[nosuch(city=\"Oslo\")]" },
        { "unknown", "```tool_code\nnosuch(city=\"Oslo\")\n```" },
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"cities\": {\"city\": \"Oslo\"}}\n</tool_call>" },
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": Oslo}\n</tool_call>" },
        { "Hermes", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Os" },
        { "unknown", "[get_weather(city=home)]" },
        { "unknown", "[get_weather(" },
        { "unknown", "get_weather is a tool." },
        { "unknown", "ping" },
        { "unknown", "So:\n" + City + "\nThat is how." },
        { "Hermes", "So:\n" + City + "\n```json\n{\"a\": 1}\n```" },
        { "unknown", "a\n```python\nget_weather(city=\"Oslo\")\n```\n" },
        { "unknown", "```json\n{\"answer\": 42}\n```\n```\nget\n```" },
        { "unknown", "[1] Oslo\n[get](x)\n[]\n{}\n[[1, 2], [3]]\n{\"type\": \"object\"}\n" },
        { "unknown", "`f` and ``g``\n`x\n``y``\n````" },
        { "Qwen XML", "Use <function=\"f\"> or </tool_call>, [TOOL_CALLS] and </s>." },
        { "Gemma 4", "<|tool_call>call:nosuch{a:1}<tool_call|>" },
        { "GLM-4.5", "<tool_call>get_weather\n<arg_key>city</arg_key>\nOslo</tool_call>" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_call_of_an_offered_tool_is_found(string family, string answer, string[] calls)
    {
        PipelineResult result = Pipeline.Run(Settings(family), answer);

        result.Calls.Should().Equal(calls);
        result.Content.Should().Be(answer.StartsWith("I look.", StringComparison.Ordinal) ? "I look." : "");
        Pipeline.ExpectFromAnyTokens(result, Settings(family), answer, seed: 5, splits: 20);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_that_is_no_call_of_an_offered_tool_is_content_and_unchanged(string family, string answer)
    {
        PipelineResult result = Pipeline.Run(Settings(family), answer);

        result.Calls.Should().BeEmpty();
        result.Content.Should().Be(answer);
    }

    [Theory]
    [InlineData("Llama 3", "I will look it up.\n\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}")]
    [InlineData("unknown", "I will look it up.\n\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Oslo\"}}\n")]
    [InlineData("Hermes", "I will look it up.\n[" + City + "]</s>")]
    [InlineData("Mistral", "I will look it up.\n```json\n" + City + "\n```")]
    [InlineData("unknown", "I will look it up.\n[get_weather(city=\"Oslo\")]")]
    [InlineData("GLM-4", "I will look it up.<|assistant|>get_weather\n{\"city\": \"Oslo\"}")]
    [InlineData("GLM-4", "I will look it up.<|assistant|>\nget_weather\n{\"city\": \"Oslo\"}<|observation|>")]
    public void A_call_without_a_mark_may_follow_text(string family, string answer)
    {
        PipelineResult result = Pipeline.Run(Settings(family), answer);

        result.Calls.Should().Equal(Oslo);
        result.Content.Should().Be("I will look it up.");
    }

    [Theory]
    [InlineData("ok\n</think>\n\n```json\n" + City + "\n```")]
    [InlineData("ok\n</think>\n\n<tool_call>\n" + City + "\n</tool_call>")]
    [InlineData("ok\n</think>\n\n" + City)]
    public void A_distilled_model_may_write_the_calls_of_another_family(string answer)
    {
        PipelineResult result = Pipeline.Run(Settings("DeepSeek") with { StartTag = ReasoningTags.All[0] }, answer);

        (result.Reasoning, result.Content).Should().Be(("ok", ""));
        result.Calls.Should().Equal(Oslo);
    }

    [Theory]
    [InlineData("<think>\nI call the tool now.\n<tool_call>\n" + City + "\n</tool_call>")]
    [InlineData("<think>\nI call the tool now.\n" + City)]
    [InlineData("<think>\nI call the tool now.\n<tool_call>\n" + City)]
    public void A_call_at_the_end_of_a_block_that_is_never_closed_is_a_call(string answer)
    {
        PipelineResult result = Pipeline.Run(Settings("Hermes"), answer);

        (result.Reasoning, result.Content, result.Order).Should().Be(("I call the tool now.", "", "rt"));
        result.Calls.Should().Equal(Oslo);
    }

    [Theory]
    [InlineData("<tool_call>\n" + City + "\n</tool_call> Or not.", "")]
    [InlineData("<tool_call>\n" + City + "\n</tool_call>\n</think>", "")]
    [InlineData("<tool_call>\n{\"name\": \"get_weather\", \"argu", "")]
    [InlineData("<tool_call>\n" + City + "\n</tool_call></think>Hi", "Hi")]
    public void Any_other_call_inside_a_block_is_reasoning(string block, string content)
    {
        PipelineResult result = Pipeline.Run(Settings("Hermes"), "<think>" + block);

        result.Calls.Should().BeEmpty();
        result.Content.Should().Be(content);
        result.Reasoning.Should().Be(block.Replace("</think>Hi", "", StringComparison.Ordinal).Replace("\n</think>", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<tool_call>" + City + "</tool_call><tool_call>{\"name\": \"ping\"}</tool_call>")]
    [InlineData("[" + City + ", {\"name\": \"ping\", \"arguments\": {}}]")]
    [InlineData("[get_weather(city=\"Oslo\"), ping()]")]
    public void Calls_over_the_maximum_are_dropped(string answer)
    {
        PipelineResult result = Pipeline.Run(Settings("Hermes") with { MaxToolCalls = 1 }, answer);

        result.Calls.Should().Equal(Oslo);
        result.Content.Should().BeEmpty();
    }

    [Theory]
    [InlineData("A text.\nWith {braces} and [1]", "A text.\nWith {braces} and [1]")]
    [InlineData("a\n{\"answer\"", "a\n{\"answer\"")]
    [InlineData("a\n[1", "a\n[1")]
    [InlineData("a\n```py", "a")]
    [InlineData("a\n```python\nx", "a\n```python\nx")]
    [InlineData("a\n```csharp\nx", "a\n```csharp\nx")]
    [InlineData("a {x", "a {x")]
    [InlineData("a {\"x\"", "a {\"x\"")]
    [InlineData("a [1", "a [1")]
    [InlineData("a `x", "a `x")]
    [InlineData("to do", "to do")]
    [InlineData("for", "for")]
    [InlineData("a\n```json\n{\"x\"", "a\n```json\n{\"x\"")]
    [InlineData("get_", "")]
    [InlineData("getting", "getting")]
    [InlineData("a\n{\"name\": \"get_weather\"", "a")]
    public void Text_is_emitted_as_soon_as_it_cannot_be_a_call(string soFar, string content) =>
        Pipeline.ContentSoFar(Settings("unknown"), soFar).Should().Be(content);

    private static OutputPipelineSettings Settings(string family) => new()
    {
        Tools = family == "unknown" ? ToolFamilies.Unknown : Pipeline.Family(family),
        ToolNames = new HashSet<string> { "get_weather", "ping", "set_light" },
        ToolSchemas = Schemas,
    };
}
