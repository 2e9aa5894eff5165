using System.Text.Json;
using RkLlama.Output.Reasoning;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.FieldReports;

/// <summary>
/// Tool calls as real models write them. Each row has the id of a report in the table of field reports: first the answer of the report, then others of its
/// kind. ⏎ is a line break.
/// </summary>
public sealed class ReportedCallTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";
    private const string Rome = """get_weather{"city":"Rome"}""";
    private const string Ping = "ping{}";
    private const string Three = """get_weather{"city":"Oslo","days":3}""";
    private const string Parameters = """{"name": "get_weather", "parameters": {"city": "Oslo"}}""";

    /// <summary>The id, the family of the model's template, the answer, and the calls. There is no content.</summary>
    public static TheoryData<string, string, string, string[]> Calls => new()
    {
        // One brace too many.
        { "T04", "Hermes", """<tool_call>⏎{"name": "get_weather", "arguments": {"city": "Oslo"}}}⏎</tool_call>""", [Oslo] },
        { "T04", "Mistral", """[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Oslo"}}}]""", [Oslo] },
        { "T04", "Llama 3", """{"name": "get_weather", "parameters": {"city": "Oslo"}}}""", [Oslo] },
        { "T04", "Hermes", """<tool_call>{"name": "ping", "arguments": {}}}}</tool_call>⏎<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo"}}}</tool_call>""", [Ping, Oslo] },

        // One brace too few.
        { "T05", "Hermes", """<tool_call>⏎{"name": "get_weather", "arguments": {"city": "Oslo"}⏎</tool_call>""", [Oslo] },
        { "T05", "Mistral", """[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Oslo"}]""", [Oslo] },
        { "T05", "unknown", """```json⏎{"name": "get_weather", "arguments": {"city": "Oslo"}⏎```""", [Oslo] },

        // No tags.
        { "T06", "Hermes", City, [Oslo] },
        { "T06", "Hermes", City + "⏎" + City, [Oslo, Oslo] },
        { "T06", "DeepSeek", "[" + City + "]", [Oslo] },

        // In a fence.
        { "T07", "Hermes", "```json⏎" + City + "⏎```", [Oslo] },
        { "T07", "unknown", "~~~json⏎" + City + "⏎~~~", [Oslo] },
        { "T07", "Hermes", "```⏎[" + City + "]⏎```⏎", [Oslo] },

        // A fence inside the tags.
        { "T09", "Hermes", "<tool_call>⏎```json⏎" + City + "⏎```⏎</tool_call>", [Oslo] },
        { "T09", "Hermes", "<tool_call>⏎~~~⏎" + City + "⏎~~~⏎</tool_call>", [Oslo] },
        { "T09", "Mistral", "[TOOL_CALLS]```json⏎[" + City + "]⏎```", [Oslo] },

        // Single quotes.
        { "T11", "Hermes", "<tool_call>⏎{'name': 'get_weather', 'arguments': {'city': 'Oslo'}}⏎</tool_call>", [Oslo] },
        { "T11", "Llama 3", "{'name': 'get_weather', 'parameters': {'city': 'Oslo'}}", [Oslo] },
        { "T11", "Nemotron", "<TOOLCALL>[{'name': 'get_weather', 'arguments': {'city': \"Oslo\"}}]</TOOLCALL>", [Oslo] },

        // A line break inside of a string.
        { "T12", "Hermes", """<tool_call>⏎{"name": "get_weather", "arguments": {"city": "line1⏎line2"}}⏎</tool_call>""", ["""get_weather{"city":"line1\nline2"}"""] },
        { "T12", "Llama 3", """{"name": "get_weather", "parameters": {"city": "⏎⏎"}}""", ["""get_weather{"city":"\n\n"}"""] },
        { "T12", "DeepSeek", """<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather⏎```json⏎{"city": "a⏎b"}⏎```<｜tool▁call▁end｜><｜tool▁calls▁end｜>""", ["""get_weather{"city":"a\nb"}"""] },

        // Another name of the member with the arguments.
        { "T17", "Hermes", """<tool_call>⏎{"name": "get_weather", "args": {"city": "Oslo"}}⏎</tool_call>""", [Oslo] },
        { "T17", "Hermes", """<tool_call>{"name": "get_weather", "arguments_json": "{\"city\": \"Oslo\"}"}</tool_call>""", [Oslo] },
        { "T17", "unknown", """{"tool": "get_weather", "tool_input": {"city": "Oslo"}}""", [Oslo] },

        // A comma at the end.
        { "T22", "Hermes", """<tool_call>⏎{"name": "get_weather", "arguments": {"city": "Oslo",}}⏎</tool_call>""", [Oslo] },
        { "T22", "Mistral", """[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo",}""", [Oslo] },
        { "T22", "Granite", "<|tool_call|>[" + City + ",]", [Oslo] },

        // A namespace before the name.
        { "T26", "Hermes", """<tool_call>⏎{"name": "functions.get_weather", "arguments": {"city": "Oslo"}}⏎</tool_call>""", [Oslo] },
        { "T26", "Llama 3", """[functions.get_weather(city="Oslo")]""", [Oslo] },
        { "T26", "Gemma", "```tool_code⏎default_api.get_weather(city='Oslo')⏎```", [Oslo] },

        // The name outside of the JSON.
        { "T27", "Hermes", """<tool_call>⏎get_weather⏎{"city": "Oslo"}⏎</tool_call>""", [Oslo] },
        { "T27", "Hermes", """<tool_call>get_weather {"city": "Oslo"}</tool_call><tool_call>ping</tool_call>""", [Oslo, Ping] },
        { "T27", "unknown", """<tools>get_weather({"city": "Oslo"})</tools>""", [Oslo] },

        // Python in Llama 3.
        { "T44", "Llama 3", """[get_weather(city="Oslo")]""", [Oslo] },
        { "T44", "Llama 3", """get_weather(city="Oslo")""", [Oslo] },
        { "T44", "Llama 3", """[get_weather(city='Oslo', days=3)]""", [Three] },

        // The call inside of a member.
        { "T46", "Llama 3", """{"type": "function", "function": {"name": "get_weather", "parameters": {"city": "Oslo"}}}""", [Oslo] },
        { "T46", "Hermes", """<tool_call>{"function": {"name": "get_weather", "arguments": "{\"city\": \"Oslo\"}"}}</tool_call>""", [Oslo] },
        { "T46", "unknown", """{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}]}""", [Oslo] },

        // JSON of Llama in a fence.
        { "T48", "Llama 3", "```json⏎" + Parameters + "⏎```", [Oslo] },
        { "T48", "Llama 3", "```⏎" + Parameters + "⏎" + Parameters + "⏎```", [Oslo, Oslo] },
        { "T48", "Llama 4", "~~~json⏎" + Parameters + "⏎~~~⏎", [Oslo] },

        // The name in the tag.
        { "T49", "Llama 3", """<function=get_weather>{"city": "Oslo"}</function>""", [Oslo] },
        { "T49", "Hermes", """<function=get_weather>⏎{"city": "Oslo"}⏎</function>⏎<function=ping>{}</function>""", [Oslo, Ping] },
        { "T49", "unknown", """<function name="get_weather">{"city": "Oslo"}</function>""", [Oslo] },

        // Python after the mark of Llama.
        { "T50", "Llama 3", """<|python_tag|>get_weather.call(city="Oslo")""", [Oslo] },
        { "T50", "Llama 3", """<|python_tag|>get_weather(city="Oslo")<|eom_id|>""", [Oslo] },
        { "T50", "Llama 3", """<|python_tag|>ping.call(); get_weather.call(city="Oslo")""", [Ping, Oslo] },

        // The marks of Llama 4.
        { "T53", "Llama 3", "<|python_start|>" + Parameters + "<|python_end|>", [Oslo] },
        { "T53", "Llama 4", "<|python_start|>[get_weather(city=\"Oslo\"), ping()]<|python_end|><|eom|>", [Oslo, Ping] },
        { "T53", "unknown", "<|python_start|>" + Parameters, [Oslo] },

        // A number as a string.
        { "T55", "Llama 3", """{"name": "get_weather", "parameters": {"city": "Oslo", "days": "3"}}""", [Three] },
        { "T55", "Hermes", """<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3.0}}</tool_call>""", [Three] },
        { "T55", "Hermes", """<tool_call>{"name": "set_light", "arguments": {"room": "a", "on": "True"}}</tool_call>""", ["""set_light{"room":"a","on":true}"""] },

        // Two calls in Python.
        { "T56", "Llama 3", """[get_weather(city="Oslo"), get_weather(city='Rome')]""", [Oslo, Rome] },
        { "T56", "unknown", """[get_weather(city="Oslo"),⏎ ping(), get_weather(city="Rome")]""", [Oslo, Ping, Rome] },
        { "T56", "MiniCPM, LFM2", """<|tool_call_start|>[get_weather(city="Oslo"), get_weather(city='Rome')]<|tool_call_end|>""", [Oslo, Rome] },

        // The list of Phi-4-mini.
        { "T60", "Phi-4-mini, Granite", "functools[" + City + "]", [Oslo] },
        { "T60", "Phi-4-mini, Granite", "<|tool_call|>functools[" + City + "]<|/tool_call|>", [Oslo] },
        { "T60", "Phi-4-mini, Granite", "functools⏎[" + City + ", {\"name\": \"ping\", \"arguments\": {}}]<|end|>", [Oslo, Ping] },
        { "T62", "Phi-4-mini, Granite", "functools[" + City + "]", [Oslo] },
        { "T62", "Phi-4-mini, Granite", "<|tool_call|>[" + City + "]", [Oslo] },
        { "T62", "unknown", "```⏎functools[" + City + "]⏎```", [Oslo] },

        // Gemma, with and without tools in its template.
        { "T75", "unknown", "```tool_code⏎get_weather(city=\"Oslo\")⏎```", [Oslo] },
        { "T75", "unknown", "```tool_code⏎print(get_weather(city=\"Oslo\"))⏎```", [Oslo] },
        { "T75", "unknown", "~~~tool_code⏎get_weather(city=\"Oslo\")⏎~~~", [Oslo] },
        { "T76", "Gemma", "```tool_code⏎get_weather(city=\"Oslo\")⏎```", [Oslo] },
        { "T76", "Gemma", "```tool_code⏎w = get_weather(city=\"Oslo\")⏎print(w)⏎```", [Oslo] },
        { "T76", "Gemma", "```json⏎" + City + "⏎```", [Oslo] },
        { "T77", "Gemma", """<tool_call>⏎{"name": "get_weather", "args": {"city": "Oslo"}}⏎</tool_call>""", [Oslo] },
        { "T77", "Gemma", """<tool_code>⏎{"name": "get_weather", "params": {"city": "Oslo"}}⏎</tool_code>""", [Oslo] },
        { "T77", "Gemma", """[{"tool_name": "get_weather", "tool_args": {"city": "Oslo"}}]""", [Oslo] },

        // The end of the turn after a call.
        { "T73", "Mistral", """[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Oslo"}, "id": "abcdefghi"}]</s>""", [Oslo] },
        { "T73", "Hermes", "<tool_call>⏎" + City + "⏎</tool_call><|im_end|>⏎", [Oslo] },
        { "T73", "Phi-4-mini, Granite", "<|tool_call|>[" + City + "]<|end_of_text|>", [Oslo] },

        // GLM.
        { "T80", "GLM-4.5", "<tool_call>get_weather⏎<arg_key>city</arg_key>⏎<arg_value>Oslo</arg_value>⏎</tool_call>", [Oslo] },
        { "T80", "GLM-4.5", "⏎<tool_call>get_weather⏎<arg_key>city</arg_key>⏎<arg_value>Oslo</arg_value>⏎<arg_key>days</arg_key>⏎<arg_value>3</arg_value>⏎</tool_call>⏎<tool_call>ping⏎</tool_call>", [Three, Ping] },
        { "T80", "GLM-4.5", "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Oslo</tool_call><|observation|>", [Oslo] },
        { "T81", "GLM-4", "get_weather⏎{\"city\": \"Oslo\"}", [Oslo] },
        { "T81", "GLM-4", "⏎get_weather⏎{\"city\": \"Oslo\"}⏎<|observation|>", [Oslo] },
        { "T81", "GLM-4", "get_weather⏎{\"city\": \"Oslo\"}<|assistant|>get_weather⏎{\"city\": \"Rome\"}", [Oslo, Rome] },

        // Other families.
        { "T83", "InternLM", "<|action_start|><|plugin|>⏎" + Parameters + "<|action_end|>", [Oslo] },
        { "T83", "InternLM", "<|action_start|><|plugin|>" + Parameters + "<|action_end|>⏎<|im_end|>", [Oslo] },
        { "T83", "unknown", "<|plugin|>" + Parameters, [Oslo] },
        { "T84", "MiniCPM, LFM2", """<|tool_call_start|>[get_weather(city="Oslo")]<|tool_call_end|>""", [Oslo] },
        { "T84", "MiniCPM, LFM2", "<|tool_call_start|>⏎```python⏎get_weather(city=\"Oslo\")⏎ping()⏎```⏎<|tool_call_end|>", [Oslo, Ping] },
        { "T84", "MiniCPM, LFM2", "<|tool_call_start|>" + City + "<|tool_call_end|><|im_end|>", [Oslo] },
        { "T87", "Hermes", "<tool_call>[⏎" + City + "⏎]</tool_call>", [Oslo] },
        { "T87", "Hermes", "<tool_call>[⏎" + City + ",⏎]</tool_call>", [Oslo] },
        { "T87", "Hermes", "<tool_call>[" + City + ", {\"name\": \"ping\", \"arguments\": {}}]</tool_call>", [Oslo, Ping] },
        { "T89", "Hermes", "<tool_call>⏎" + City + "⏎</tool_call>", [Oslo] },
        { "T89", "Hermes", "<tool_call>⏎" + City + "⏎</tool_call>⏎<tool_call>⏎{\"name\": \"ping\", \"arguments\": {}}⏎</tool_call>", [Oslo, Ping] },
        { "T89", "Hermes", "<tool_call>" + City, [Oslo] },

        // A closing tag that is there twice.
        { "X04", "Qwen XML", "<tool_call>⏎<function=get_weather>⏎<parameter=city>⏎Oslo⏎</parameter>⏎</parameter>⏎</function>⏎</tool_call>", [Oslo] },
        { "X04", "Qwen XML", "<tool_call>⏎<function=get_weather>⏎<parameter=city>⏎Oslo⏎</parameter>⏎</function>⏎</function>⏎</tool_call>⏎</tool_call>", [Oslo] },
        { "X04", "GLM-4.5", "<tool_call>get_weather<arg_key>city</arg_key></arg_key><arg_value>Oslo</arg_value></arg_value></tool_call>", [Oslo] },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void The_call_of_a_report_is_a_call_whole_and_streamed(string id, string family, string answer, string[] calls) => Check(id, Settings(family), answer, "", "", calls);

    [Theory]
    [InlineData("T19", "Hermes", """<tool_call>⏎{"name": "nosuch", "arguments": {"city": "Oslo"}}⏎</tool_call>""")]
    [InlineData("T19", "Llama 3", "```json⏎{\"name\": \"nosuch\", \"parameters\": {}}⏎```")]
    [InlineData("T19", "Mistral", """[TOOL_CALLS]nosuch[ARGS]{"city": "Oslo"}""")]
    public void The_call_of_a_tool_that_was_not_offered_stays_content(string id, string family, string answer) =>
        Check(id, Settings(family), answer, "", Answer(answer), []);

    [Theory]
    [InlineData("T43", "Llama 3", "I will look it up.⏎⏎" + Parameters)]
    [InlineData("T43", "Llama 3", "I will look it up.⏎```json⏎" + Parameters + "⏎```")]
    [InlineData("T43", "unknown", "I will look it up. " + Parameters)]
    public void Text_before_the_call_is_content(string id, string family, string answer) => Check(id, Settings(family), answer, "", "I will look it up.", [Oslo]);

    [Theory]
    [InlineData("T32", "Hermes", false, "<think>⏎ok⏎<tool_call>⏎" + City + "⏎</tool_call>")]
    [InlineData("T32", "Hermes", true, "ok⏎<tool_call>⏎" + City)]
    [InlineData("T32", "Llama 3", false, "<think>⏎ok⏎" + Parameters)]
    [InlineData("T67", "DeepSeek", true, "ok⏎</think>⏎⏎```json⏎" + City + "⏎```")]
    [InlineData("T67", "DeepSeek", true, "ok⏎</think>⏎⏎~~~⏎" + City + "⏎~~~")]
    [InlineData("T67", "DeepSeek", false, "<think>ok</think>⏎```json⏎[" + City + "]⏎```")]
    [InlineData("T68", "DeepSeek", true, "ok⏎</think>⏎⏎<tool_call>⏎" + City + "⏎</tool_call>")]
    [InlineData("T68", "DeepSeek", true, "ok⏎</think>⏎⏎" + City)]
    [InlineData("T68", "DeepSeek", false, "<think>⏎ok⏎</think>⏎⏎<|tool_call|>[" + City + "]")]
    public void A_call_of_a_model_that_reasons_is_a_call(string id, string family, bool isOpenedByPrompt, string answer) => Check(
        id, Settings(family) with { StartTag = isOpenedByPrompt ? ReasoningTags.All[0] : null }, answer, "ok", "", [Oslo]);

    [Theory]
    [InlineData("A06", "Hermes", "<tool_call>⏎" + City + "⏎</tool_call>⏎<tool_call>⏎{\"name\": \"ping\", \"arguments\": {}}⏎</tool_call>")]
    [InlineData("A06", "Llama 3", """{"name": "get_weather", "parameters": {"city": "Oslo"}}; {"name": "ping", "parameters": {}}""")]
    [InlineData("A06", "Mistral", "[TOOL_CALLS][" + City + ", {\"name\": \"ping\", \"arguments\": {}}]")]
    public void Without_parallel_calls_only_the_first_one_counts(string id, string family, string answer) =>
        Check(id, Settings(family) with { MaxToolCalls = 1 }, answer, "", "", [Oslo]);

    private static void Check(string id, OutputPipelineSettings settings, string form, string reasoning, string content, string[] calls)
    {
        Random random = new(15);
        string answer = Answer(form);

        PipelineResult whole = Pipeline.Run(settings, answer);

        whole.Calls.Should().Equal(calls, id);
        (whole.Reasoning, whole.Content).Should().Be((reasoning, content), id);
        Pipeline.Run(settings, answer.Select(static c => c.ToString())).Should().BeEquivalentTo(whole, id);
        for (int i = 0; i < 5; i++)
            Pipeline.Run(settings, Pipeline.RandomTokens(answer, random)).Should().BeEquivalentTo(whole, id);
    }

    private static OutputPipelineSettings Settings(string family) => VariantForms.Settings with
    {
        Tools = family == "unknown" ? ToolFamilies.Unknown : ToolFamilies.All.First(row => row.Name.Contains(family, StringComparison.Ordinal)),
        ToolSchemas = new Dictionary<string, JsonElement>(VariantForms.Settings.ToolSchemas!)
        {
            ["get_weather"] = JsonElement.Parse("""{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}"""),
        },
    };
}
