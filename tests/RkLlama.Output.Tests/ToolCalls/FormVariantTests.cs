using RkLlama.Output.Tests.Support;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Forms of calls that models write by mistake, or that are rare in their family. ⏎ is a line break.</summary>
public sealed class FormVariantTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";
    private const string Light = """set_light{"room":"hall","on":true}""";

    public static TheoryData<string, string[]> Calls => new()
    {
        // The arguments in one dictionary, or the whole call after the name.
        { """get_weather({"city": "Oslo"})""", [Oslo] },
        { """[get_weather({'city': 'Oslo'}), set_light({"room": "hall", "on": True})]""", [Oslo, Light] },
        { """<|python_tag|>get_weather.call({"city": "Oslo"})""", [Oslo] },
        { """<|python_tag|>get_weather.call(**{"city": "Oslo"})""", [Oslo] },
        { """<|tool_call_start|>[get_weather(**{'city': 'Oslo'})]<|tool_call_end|>""", [Oslo] },
        { """get_weather("{\"city\": \"Oslo\"}")""", [Oslo] },
        { """set_light("hall", True, {"room": "x"})""", ["""set_light{"room":"hall","on":true,"opts":{"room":"x"}}"""] },
        { "<tool_call>get_weather⏎" + City + "⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎get_weather⏎{\"arguments\": {\"city\": \"Oslo\"}}⏎</tool_call>", [Oslo] },
        { "[TOOL_CALLS]get_weather[ARGS]" + City, [Oslo] },

        // XML: closing tags of other forms, and the indentation of the layout.
        { "<tool_call>⏎<function=get_weather>⏎<parameter=city>⏎Oslo⏎</parameter=city>⏎</function>⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎<function=get_weather>⏎<parameter=city>⏎Oslo⏎</city>⏎</function=get_weather>⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎  <function=get_weather>⏎    <parameter=city>⏎      Oslo⏎    </parameter>⏎  </function>⏎</tool_call>", [Oslo] },
        { "<function=get_weather>⏎  <parameter=city>⏎  a⏎    b⏎  </parameter>⏎</function>", ["""get_weather{"city":"a\n  b"}"""] },
        { "<function=get_weather>⏎<parameter=city>⏎  Oslo⏎</parameter>⏎</function>", ["""get_weather{"city":"  Oslo"}"""] },
        { "<function=set_light>⏎<parameter=room>hall<parameter=on>true</function>", [Light] },
        { "<tool_call>⏎<function=get_weather>⏎<parameter=city>⏎Oslo⏎</parameter>⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎<function=get_weather>⏎<parameter=city>⏎Oslo⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎<function=get_weather>⏎<parameter=city>⏎Oslo⏎</function>⏎</tool_call>⏎<tool_call>⏎<function=ping>⏎</function>⏎</tool_call>", [Oslo, "ping{}"] },
        { "<tool_call>⏎<function=ping>⏎</tool_call>", ["ping{}"] },
        { "<function=get_weather>⏎<city>Oslo</city>⏎</function>", [Oslo] },
        { "<tool_call>⏎<function name=\"get_weather\">⏎<parameter name=\"city\">Oslo</parameter>⏎</function>⏎</tool_call>", [Oslo] },
        { "<function name=\"set_light\"><parameter name=\"room\" type=\"string\">hall</parameter><parameter name=\"on\">true</parameter></function>", [Light] },
        { "<function_calls>⏎<invoke name=\"get_weather\">⏎<parameter name=\"city\">Oslo</parameter>⏎</invoke>⏎</function_calls>", [Oslo] },
        { "<minimax:tool_call>⏎<invoke name=\"get_weather\">⏎<parameter name=\"city\">Oslo</parameter>⏎</invoke>⏎</minimax:tool_call>", [Oslo] },
        { "<function=get_weather>{\"city\": \"Oslo\"}", [Oslo] },
        { "<function=get_weather>{\"city\": \"Oslo\"}<function>", [Oslo] },
        { "<function=get_weather>{\"city\": \"Oslo\"}</tool_call>", [Oslo] },
        { "<function=get_weather>{\"city\": \"Oslo\"}}</function>", [Oslo] },
        { "<function=get_weather>⏎```json⏎{\"city\": \"Oslo\"}⏎```⏎</function>", [Oslo] },
        { "<function=get_weather{\"city\": \"Oslo\"}</function>", [Oslo] },
        { "<function=get_weather{\"city\": \"Oslo\"}></function>", [Oslo] },
        { "<function=get_weather({\"city\": \"Oslo\"})</function>", [Oslo] },

        { "[TOOL_REQUEST]{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}[END_TOOL_REQUEST]", [Oslo] },
        { "[get_weather(city=\"東京 🌦\")]", ["""get_weather{"city":"東京 🌦"}"""] },

        // Functionary: after the mark, a line with the name.
        { ">>>get_weather⏎{\"city\": \"Oslo\"}", [Oslo] },
        { ">>>get_weather⏎{\"city\": \"Oslo\"}<|eot_id|>", [Oslo] },
        { ">>>get_weather⏎{\"city\": \"Oslo\"", [Oslo] },
        { ">>>get_weather⏎{\"city\": \"Oslo\"}⏎>>>ping⏎{}", [Oslo, "ping{}"] },
        { "get_weather⏎{\"city\": \"Oslo\"}>>>ping⏎{}", [Oslo, "ping{}"] },
        { ">>>all⏎>>>get_weather⏎{\"city\": \"Oslo\"}", [Oslo] },

        // Brackets.
        { "<tool_call>⏎[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}}]⏎</tool_call>", [Oslo] },
        { "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}}]", [Oslo] },
        { "[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}}, {\"name\": \"ping\", \"arguments\": {}}]", [Oslo, "ping{}"] },
        { "functools[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}}]", [Oslo] },
        { "<tool_call>⏎{" + City + "}⏎</tool_call>", [Oslo] },
        { "{" + City + "}", [Oslo] },
        { "<tool_call>⏎{\"name\": \"get_weather\", \"arguments\": {{\"city\": \"Oslo\"}}}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}⏎</tool_call>", [Oslo] },
        { "```json⏎\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}⏎```", [Oslo] },
        { "```tool_code⏎get_weather(city=\"Oslo\"⏎```", [Oslo] },
        { "```tool_code⏎print(get_weather(city=\"Oslo\")⏎```", [Oslo] },
        { "<|tool_call_start|>[get_weather(city=\"Oslo\"]<|tool_call_end|>", [Oslo] },
        { "<|tool_call_start|>[get_weather(city=\"Oslo\"<|tool_call_end|>", [Oslo] },
        { "[get_weather(city=\"Oslo\"))]", [Oslo] },
        { "get_weather(city=\"Oslo\"))", [Oslo] },
        { "[get_weather(city=\"Oslo\")]]", [Oslo] },

        // Marks that are doubled, or in each other's place.
        { "<tool_call>⏎<tool_call>⏎" + City + "⏎</tool_call>", [Oslo] },
        { "<tool_call><tool_call>" + City + "</tool_call></tool_call>", [Oslo] },
        { "[TOOL_CALLS][TOOL_CALLS][" + City + "]", [Oslo] },
        { "<tool_call>⏎" + City + "⏎<tool_call>", [Oslo] },
        { "<tool_call>⏎" + City + "⏎<tool_call/>", [Oslo] },
        { "</tool_call>⏎<tool_call>⏎" + City + "⏎</tool_call>", [Oslo] },
        { "</tool_call>⏎" + City, [Oslo] },
        { "<tool_call>⏎" + City + ".⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎" + City + " // call the tool⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎" + City + " # call⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎" + City + "⏎<!-- done -->⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎{\"name\": \"get_weather\", // the tool⏎\"arguments\": {\"city\": \"Oslo\" /* x */}}⏎</tool_call>", [Oslo] },

        { "<tool_call>⏎" + City + "⏎<\\/tool_call>", [Oslo] },
        { """<tool_call>{"name": "get_weather", "arguments": {"city": "the "big" one"}}</tool_call>""", ["""get_weather{"city":"the \"big\" one"}"""] },

        { "<tool_call>⏎" + City + "⏎</tool_call⏎", [Oslo] },
        { "<tool_call>⏎" + City + "⏎</tool_call>⏎```", [Oslo] },

        // Fences.
        { "`get_weather(city=\"Oslo\")`", [Oslo] },
        { "```bash⏎<tool_call>⏎" + City + "⏎</tool_call>⏎```", [Oslo] },
        { "```python⏎<function=get_weather><parameter=city>Oslo</parameter></function>⏎```", [Oslo] },
        { "```xml⏎<tool_call>⏎" + City + "⏎</tool_call>⏎```", [Oslo] },
        { "```⏎<tool_call>" + City + "</tool_call>⏎<tool_call>{\"name\": \"ping\"}</tool_call>⏎```⏎", [Oslo, "ping{}"] },
        { "```⏎<function=get_weather><parameter=city>Oslo</parameter></function>⏎```", [Oslo] },
        { "```JSON⏎" + City + "⏎```", [Oslo] },
        { "``` ⏎" + City + "⏎```", [Oslo] },
        { "``` json⏎" + City + "⏎```", [Oslo] },
        { "```text⏎" + City + "⏎```", [Oslo] },
        { "```javascript⏎" + City + "⏎```", [Oslo] },
        { "```python⏎" + City + "⏎```", [Oslo] },
        { "```python⏎get_weather(city=\"Oslo\")⏎```", [Oslo] },
        { "```py⏎[get_weather(city=\"Oslo\")]⏎```⏎", [Oslo] },
        { "`" + City + "`", [Oslo] },
        { "- " + City, [Oslo] },
        { "1. " + City + "⏎2. {\"name\": \"ping\", \"arguments\": {}}", [Oslo, "ping{}"] },

        // Members.
        { """{"name": "get_weather", "argument": {"city": "Oslo"}}""", [Oslo] },
        { """{"name": "get_weather", "parameter": {"city": "Oslo"}}""", [Oslo] },
        { """{"Name": "get_weather", "Arguments": {"city": "Oslo"}}""", [Oslo] },
        { """{"tool": "get_weather", "tool_input": {"city": "Oslo"}}""", [Oslo] },
        { """{"tool_name": "get_weather", "tool_args": {"city": "Oslo"}}""", [Oslo] },
        { """{"function_name": "get_weather", "function_arguments": {"city": "Oslo"}}""", [Oslo] },
        { """{"action": "get_weather", "action_input": "{\"city\": \"Oslo\"}"}""", [Oslo] },
        { """{"tool_calls": [{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}]}""", [Oslo] },
        { """{"tool_call": {"name": "get_weather", "arguments": {"city": "Oslo"}}}""", [Oslo] },
        { """<tool_call>{"function_call": {"name": "get_weather", "arguments": {"city": "Oslo"}}}</tool_call>""", [Oslo] },
        { """{"get_weather": {"city": "Oslo"}}""", [Oslo] },
        { """<tool_call>{"get_weather": {"city": "Oslo"}}</tool_call>""", [Oslo] },
        { """{"name": "get_weather", "city": "Oslo"}""", [Oslo] },
        { """<tool_call>{"name": "set_light", "room": "hall", "on": true}</tool_call>""", [Light] },
        { """{"name": "ping", "arguments": []}""", ["ping{}"] },
        { """<tool_call>{"name": "get_weather", "arguments": [{"city": "Oslo"}]}</tool_call>""", [Oslo] },

        { """{"action": {"name": "get_weather", "arguments": {"city": "Oslo"}}}""", [Oslo] },
        { """{"tool_uses": [{"recipient_name": "functions.get_weather", "parameters": {"city": "Oslo"}}]}""", [Oslo] },

        // Names.
        { """<tool_call>{"name": "default_api.get_weather", "arguments": {"city": "Oslo"}}</tool_call>""", [Oslo] },
        { "```tool_code⏎default_api.get_weather(city=\"Oslo\")⏎```", [Oslo] },
        { """{"name": "tools.get_weather", "arguments": {"city": "Oslo"}}""", [Oslo] },
        { """{"name": "function.get_weather", "arguments": {"city": "Oslo"}}""", [Oslo] },
        { """{"name": "functions.get_weather:0", "arguments": {"city": "Oslo"}}""", [Oslo] },
        { """{"name": " get_weather ", "arguments": {"city": "Oslo"}}""", [Oslo] },
        { """<tool_call>{"name": "get\_weather", "arguments": {"city": "Oslo"}}</tool_call>""", [Oslo] },
        { """get\_weather(city="Oslo")""", [Oslo] },
        { "<function= get_weather ><parameter=city>Oslo</parameter></function>", [Oslo] },

        // Values.
        { """{"name": "set_light", "arguments": {"room": "hall", "opts": "{\"level\": 3}"}}""", ["""set_light{"room":"hall","opts":{"level":3}}"""] },
        { "<function=set_light><parameter=room>hall</parameter><parameter=opts>{'level': 3}</parameter></function>", ["""set_light{"room":"hall","opts":{"level":3}}"""] },

        // Mistral.
        { "[TOOL_CALLS]⏎```json⏎[" + City + "]⏎```", [Oslo] },
        { """[TOOL_CALLS]get_weather [ARGS] {"city": "Oslo"}""", [Oslo] },
        { "[TOOL_CALLS]get_weather⏎{\"city\": \"Oslo\"}", [Oslo] },
        { """[TOOL_CALLS]get_weather(city="Oslo")""", [Oslo] },
        { "[TOOL_CALLS][[" + City + "]]", [Oslo] },
        { "[TOOL_CALL][" + City + "]", [Oslo] },
        { "[TOOL_CALLS]ping[ARGS]", ["ping{}"] },
        { "[TOOL_REQUEST]" + City + "[END_TOOL_REQUEST]", [Oslo] },

        // Phi.
        { "functools [" + City + "]", [Oslo] },
        { "functools⏎[" + City + "]", [Oslo] },

        // DeepSeek, Kimi.
        { "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"}}⏎```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", [Oslo] },
        { "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"⏎```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", [Oslo] },
        { "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"Oslo\"<｜tool▁call▁end｜><｜tool▁calls▁end｜>", [Oslo] },
        { "<｜tool▁calls▁begin｜>function<｜tool▁sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", [Oslo] },
        { "function<｜tool▁sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<｜tool▁call▁end｜>", [Oslo] },
        { "get_weather<｜tool▁sep｜>{\"city\": \"Oslo\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>", [Oslo] },
        { "<|tool▁calls▁begin|><|tool▁call▁begin|>function<|tool▁sep|>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<|tool▁call▁end|><|tool▁calls▁end|>", [Oslo] },
        { "<|tool_calls_begin|><|tool_call_begin|>get_weather<|tool_sep|>{\"city\": \"Oslo\"}<|tool_call_end|><|tool_calls_end|>", [Oslo] },
        { "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"Oslo\"}<|tool_call_end|><|tool_calls_section_end|>", [Oslo] },

        { "<｜tool▁sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<｜tool▁call▁end｜>", [Oslo] },
        { "<tool▁calls▁begin><tool▁call▁begin>function<tool▁sep>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<tool▁call▁end><tool▁calls▁end>", [Oslo] },

        { "<｜tool▁calls｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<｜tool▁call▁end｜><｜tool▁calls▁end｜>", [Oslo] },
        { "<｜tool calls begin｜><｜tool call begin｜>function<｜tool sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<｜tool call end｜><｜tool calls end｜>", [Oslo] },
        { "<｜tool\\_calls\\_begin｜><｜tool\\_call\\_begin｜>function<｜tool\\_sep｜>get_weather⏎```json⏎{\"city\": \"Oslo\"}⏎```<｜tool\\_call\\_end｜><｜tool\\_calls\\_end｜>", [Oslo] },
        { "<｜tool calls｜><｜tool call｜>get_weather<｜tool sep｜>{\"city\": \"Oslo\"}<｜tool call end｜><｜tool calls end｜>", [Oslo] },

        // GLM.
        { "<tool_call>get_weather⏎<arg_key>city</arg_key>⏎<arg_value>Oslo</arg_value></arg_value>⏎</tool_call>", [Oslo] },
        { "<tool_call>get_weather⏎<arg_key>city</arg_key></arg_key>⏎<arg_value>Oslo</arg_value>⏎</tool_call>", [Oslo] },
        { "<tool_call>get_weather⏎<arg_key>city<arg_value>Oslo</arg_value>⏎</tool_call>", [Oslo] },
        { "<tool_call>get_weather⏎<arg_key>city</arg_key>⏎<arg_value>Oslo⏎</tool_call>", [Oslo] },
        { "<tool_call>set_light⏎<arg_key>room</arg_key>⏎<arg_value>hall⏎<arg_key>on</arg_key>⏎<arg_value>true</arg_value>⏎</tool_call>", [Light] },

        // Gemma 4.
        { "<|tool_call>call: get_weather{city:<|\"|>Oslo<|\"|>}<tool_call|>", [Oslo] },
        { "<|tool_call>get_weather{city:<|\"|>Oslo<|\"|>}<tool_call|>", [Oslo] },
        { "<|tool_call>call:get_weather{\"city\": \"Oslo\"}</tool_call>", [Oslo] },
        { "<|tool_call>call:get_weather(city=\"Oslo\")<tool_call|>", [Oslo] },
        { "<|tool_call>call:get_weather{city:<|\"|>Oslo<|\"|>}<tool_call|><|tool_response>w<tool_response|>It is cold.", [Oslo] },

        { "<|tool_call>call:get_weather{city:Oslo}<tool_call|>", [Oslo] },
        { "<|tool_call>call:set_light{room:hall,on:true,opts:{a:[x, 1],b:null}}<tool_call|>", ["""set_light{"room":"hall","on":true,"opts":{"a":["x",1],"b":null}}"""] },
        { "<start_function_call>call:get_weather{city:<escape>Oslo<escape>}<end_function_call>", [Oslo] },

        // The model invents the result.
        { "<|python_tag|>" + City + "<|eom_id|><|start_header_id|>ipython<|end_header_id|>⏎⏎{\"temp\": 3}", [Oslo] },
        { "get_weather⏎{\"city\": \"Oslo\"}<|observation|>⏎It is 3 degrees.", [Oslo] },
        { "<tool_call>" + City + "</tool_call>⏎<tool_response>⏎{\"temp\": 3}⏎</tool_response>⏎It is cold.", [Oslo] },

        { "<tool_call>" + City + "</tool_call><|im_end|>⏎<|im_start|>user⏎<tool_response>⏎3⏎</tool_response><|im_end|>", [Oslo] },

        // Other marks.
        { "<tool>" + City + "</tool>", [Oslo] },
        { "<toolcall>" + City + "</toolcall>", [Oslo] },
        { "<TOOL_CALL>" + City + "</TOOL_CALL>", [Oslo] },
    };

    public static TheoryData<string, string> CallsAfterText => new()
    {
        { "I call the tool: " + City, "I call the tool:" },
        { "I call the tool: [" + City + "]", "I call the tool:" },
        { "I call the tool: `" + City + "`", "I call the tool:" },
        { "I call the tool:⏎- " + City + "⏎", "I call the tool:" },
        { "I call the tool. functools[" + City + "]", "I call the tool." },
        { "I call the tool:⏎```xml⏎<tool_call>⏎" + City + "⏎</tool_call>⏎```", "I call the tool:" },
        { "I call the tool: <function=get_weather>{\"city\": \"Oslo\"}", "I call the tool:" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_call_in_an_unusual_form_is_found(string form, string[] calls)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(calls);
        result.Content.Should().BeEmpty();
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 7, splits: 10);
    }

    [Theory]
    [MemberData(nameof(CallsAfterText))]
    public void A_call_may_follow_text_on_the_same_line(string form, string content)
    {
        string answer = Answer(form);

        PipelineResult result = Pipeline.Run(Settings, answer);

        result.Calls.Should().Equal(Oslo);
        result.Content.Should().Be(content);
        Pipeline.ExpectFromAnyTokens(result, Settings, answer, seed: 8, splits: 10);
    }

    [Fact]
    public void Text_after_a_list_of_calls_is_content()
    {
        PipelineResult result = Pipeline.Run(Settings, "functools[" + City + "]\nOne moment.");

        result.Calls.Should().Equal(Oslo);
        result.Content.Should().Be("One moment.");
        Pipeline.Run(Settings, City + "\n3.").Content.Should().Be("3.");
    }
}
