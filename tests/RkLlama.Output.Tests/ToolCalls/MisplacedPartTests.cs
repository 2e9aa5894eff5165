using System.Text.Json;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;
using static RkLlama.Output.Tests.Support.VariantForms;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Calls with a part in an unusual place: the arguments behind the block, the name beside the JSON, members that no call has. ⏎ is a line break.</summary>
public sealed class MisplacedPartTests
{
    private const string Oslo = """get_weather{"city":"Oslo"}""";
    private const string Three = """get_weather{"city":"Oslo","days":3}""";
    private const string Ping = "ping{}";

    private static readonly OutputPipelineSettings Offered = Settings with
    {
        ToolNames = new HashSet<string> { "get_weather", "ping", "set_light", "write_file", "search" },
        ToolSchemas = new Dictionary<string, JsonElement>(Settings.ToolSchemas!)
        {
            ["get_weather"] = JsonElement.Parse("""{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}"""),
            ["write_file"] = JsonElement.Parse("""{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]}"""),
            ["search"] = JsonElement.Parse("""{"type":"object","properties":{"queries":{"type":"array","items":{"type":"string"}},"limit":{"type":"integer"},"score":{"type":"number"}},"required":["queries"]}"""),
        },
    };

    public static TheoryData<string, string[]> Calls => new()
    {
        // The arguments behind the name.
        { "<tool_call>⏎<function>get_weather</function>⏎<parameter=city>⏎Oslo⏎</parameter>⏎</tool_call>", [Oslo] },
        { "<function>get_weather</function>⏎<parameter=city>⏎Oslo⏎</parameter>", [Oslo] },
        { "<tool_call>⏎<name>get_weather</name>⏎<city>Oslo</city>⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎<name>get_weather</name>⏎<parameter=city>Oslo</parameter>⏎<parameter=days>3</parameter>⏎</tool_call>", [Three] },
        { "<tool>get_weather</tool>⏎<city>Oslo</city>", [Oslo] },
        { "<tool_name>get_weather</tool_name>⏎<city>Oslo</city>⏎<days>3</days>", [Three] },
        { "<function>get_weather</function>⏎<city>Oslo</city>", [Oslo] },
        { "<tool_call>get_weather</tool_call>⏎<city>Oslo</city>", [Oslo] },
        { "<tool_call>get_weather</tool_call>⏎<parameter=city>Oslo</parameter>", [Oslo] },
        { "<tool_call>get_weather</tool_call>⏎<parameter name=\"city\">Oslo</parameter>⏎<tool_call>ping</tool_call>", [Oslo, Ping] },
        { "<function=get_weather></function>{\"city\": \"Oslo\"}", [Oslo] },
        { "<function=get_weather>⏎</function>⏎```json⏎{\"city\": \"Oslo\"}⏎```", [Oslo] },
        { "<function=get_weather></function>⏎<parameter=city>Oslo</parameter>", [Oslo] },
        { "<invoke name=\"get_weather\"></invoke>⏎<args>{\"city\": \"Oslo\"}</args>", [Oslo] },
        { "<function=ping></function>⏎<function=get_weather></function>{\"city\": \"Oslo\"}", [Ping, Oslo] },
        { "<tool_call>{\"name\": \"get_weather\"}⏎{\"arguments\": {\"city\": \"Oslo\"}}</tool_call>", [Oslo] },
        { "<tool_call>{\"name\": \"get_weather\"}⏎{\"city\": \"Oslo\"}</tool_call>", [Oslo] },
        { "<tool_call>{\"name\": \"get_weather\"}</tool_call>⏎{\"city\": \"Oslo\"}", [Oslo] },

        // The name beside the JSON.
        { "<tool_call>⏎\"get_weather\"⏎{\"city\": \"Oslo\"}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎'get_weather'⏎{\"city\": \"Oslo\"}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎`get_weather`⏎{\"city\": \"Oslo\"}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎**get_weather**⏎{\"city\": \"Oslo\"}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎get_weather, {\"city\": \"Oslo\"}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎function: get_weather⏎{\"city\": \"Oslo\"}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎name: get_weather⏎arguments: {\"city\": \"Oslo\"}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎[\"get_weather\", {\"city\": \"Oslo\"}]⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎{\"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎{\"name\": \"get_weather\", {\"city\": \"Oslo\"}}⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎get_weather⏎<parameter=city>⏎Oslo⏎</parameter>⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎get_weather⏎<city>Oslo</city>⏎</tool_call>", [Oslo] },
        { "<tool_call>⏎json⏎" + City + "⏎</tool_call>", [Oslo] },
        { "functools(" + City + ")", [Oslo] },
        { "<tool_call>(" + City + ")</tool_call>", [Oslo] },
        { """<tool_call>"{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}"</tool_call>""", [Oslo] },
        { """<tool_call>["{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}"]</tool_call>""", [Oslo] },
        { "<tool_call>⏎````json⏎" + City + "⏎````⏎</tool_call>", [Oslo] },
        { "````json⏎" + City + "⏎````", [Oslo] },
        { "~~~~~⏎" + City + "⏎~~~~~", [Oslo] },
        { "```json⏎[TOOL_CALLS] [" + City + "]⏎```", [Oslo] },
        { "<function=get_weather>{\"city\": \"Oslo\"}<function/>", [Oslo] },
        { """{"name": "get_weather", "inputs": {"city": "Oslo"}}""", [Oslo] },
        { """{"name": "get_weather", "arg": {"city": "Oslo"}}""", [Oslo] },
        { """{"name": "get_weather", "properties": {"city": "Oslo"}}""", [Oslo] },
        { """{"name": "functions_get_weather", "arguments": {"city": "Oslo"}}""", [Oslo] },

        // Mistakes in a string of arguments.
        { """{"name": "get_weather", "arguments": "{\"city\": \"Oslo\""}""", [Oslo] },
        { """{"name": "get_weather", "arguments": "{'city': 'Oslo', 'days': 3,}"}""", [Three] },
        { """{"name": "get_weather", "arguments": "\"city\": \"Oslo\"}"}""", [Oslo] },
        { """{"name": "get_weather", "arguments": "```json\n{\"city\": \"Oslo\"}\n```"}""", [Oslo] },
        { """{"name": "get_weather", "arguments": "\"{\\\"city\\\": \\\"Oslo\\\"}\""}""", [Oslo] },

        // Scalars in quotes, and numbers that JSON does not have.
        { "<function=get_weather><parameter=city>Oslo</parameter><parameter=days>⏎\"3\"⏎</parameter></function>", [Three] },
        { "<tool_call>get_weather⏎<arg_key>city</arg_key>⏎<arg_value>Oslo</arg_value>⏎<arg_key>days</arg_key>⏎<arg_value>\"3\"</arg_value>⏎</tool_call>", [Three] },
        { "<function=set_light><parameter=room>a</parameter><parameter=on>\"true\"</parameter></function>", ["""set_light{"room":"a","on":true}"""] },
        { "<function=get_weather><parameter=city>Oslo</parameter><parameter=days>null</parameter></function>", ["""get_weather{"city":"Oslo","days":null}"""] },
        { "<function=search><parameter=queries>[\"a\"]</parameter><parameter=score>.5</parameter></function>", ["""search{"queries":["a"],"score":0.5}"""] },
        { """{"name": "search", "arguments": {"queries": ["a"], "score": ".5", "limit": "\"3\""}}""", ["""search{"queries":["a"],"score":0.5,"limit":3}"""] },
        { "<function=get_weather><parameter=city>\"Oslo\"</parameter></function>", ["""get_weather{"city":"\"Oslo\""}"""] },

        // Values to the letter.
        { """{"name": "write_file", "arguments": {"path": "a", "content": "echo \`ls\`"}}""", ["""write_file{"path":"a","content":"echo \\`ls\\`"}"""] },
        { "<tool_call>write_file⏎<arg_key>path</arg_key>⏎<arg_value>⏎a⏎</arg_value>⏎<arg_key>content</arg_key>⏎<arg_value>x⏎return \"<b>\"⏎</arg_value>⏎</tool_call>", ["""write_file{"path":"a","content":"x\nreturn \"<b>\"\n"}"""] },
        { "<function=write_file>⏎<parameter=path>⏎a⏎</parameter>⏎<parameter=content>⏎<div>⏎  <parameter>x</parameter>⏎</div>⏎</parameter>⏎</function>", ["""write_file{"path":"a","content":"<div>\n  <parameter>x</parameter>\n</div>"}"""] },
        { "<function=write_file>⏎<parameter=path>⏎a⏎</parameter>⏎<parameter=content>⏎<div>⏎<parameter=x>y</parameter>⏎</div>⏎</parameter>⏎</function>", ["""write_file{"path":"a","content":"<div>\n<parameter=x>y</parameter>\n</div>"}"""] },
        { "<function=write_file>⏎<parameter=path>⏎a⏎</parameter>⏎<parameter=content>⏎<parameter=x>⏎y⏎</parameter>⏎<parameter=z>⏎y⏎</parameter>⏎</parameter>⏎</function>", ["""write_file{"path":"a","content":"<parameter=x>\ny\n</parameter>\n<parameter=z>\ny\n</parameter>"}"""] },
        { "<function=write_file>⏎<parameter=path>⏎a⏎</parameter>⏎<parameter=content>⏎the tag </parameter> and more⏎</parameter>⏎</function>", ["""write_file{"path":"a","content":"the tag </parameter> and more"}"""] },
        { "<function=write_file>⏎<parameter=path>⏎a⏎</parameter>⏎<parameter=content>⏎say <parameter> twice⏎</parameter>⏎</function>", ["""write_file{"path":"a","content":"say <parameter> twice"}"""] },
        { """{"name": "write_file", "arguments": {"path": "a", "content": "print("b")"}}""", ["""write_file{"path":"a","content":"print(\"b\")"}"""] },
        { """{"name": "write_file", "arguments": {"path": "a", "content": "f("b", "c") + "d" # e"}}""", ["""write_file{"path":"a","content":"f(\"b\", \"c\") + \"d\" # e"}"""] },
        { "{\"name\": \"write_file\", \"arguments\": {\"path\": \"a\", \"content\": \"x = \"a\"⏎y = \"b\"⏎\"}}", ["""write_file{"path":"a","content":"x = \"a\"\ny = \"b\"\n"}"""] },
        { "{\"name\": \"write_file\", \"arguments\": {\"path\": \"a\",⏎ \"content\": \"say \"a\" b\"⏎}⏎}", ["""write_file{"path":"a","content":"say \"a\" b"}"""] },
    };

    public static TheoryData<string> Members =>
    [
        "reason", "description", "confidence", "comment", "content", "message", "result", "output", "status", "return", "strict", "required", "purpose", "plan", "version", "timestamp",
        "thought", "explanation", "id", "type_of_call", "xyz",
    ];

    public static TheoryData<string, string> Others => new()
    {
        { "<tool_call>[{0}, {1}]</tool_call>", "{0}" },
        { "[TOOL_CALLS][{0}, {1}]", "{0}" },
        { "functools[{0}, {1}]", "{0}" },
        { "```json⏎[{0}, {1}]⏎```", "{0}" },
        { "[{0}, {1}]", "{0}" },
        { "[{1}, {0}]", "{0}" },
        { "{\"tool_calls\": [{0}, {1}]}", "{0}" },
        { "[nosuch(a=1), get_weather(city=\"Oslo\")]", "nosuch(a=1)" },
        { "<|tool_call_start|>[get_weather(city='Oslo'), nosuch(a=\"x)\", b=[1])]<|tool_call_end|>", "nosuch(a=\"x)\", b=[1])" },
        { "<tool_call>⏎{0}⏎</tool_call>⏎<tool_call>⏎{1}⏎</tool_call>", "<tool_call>⏎{0}⏎</tool_call>" },
    };

    public static TheoryData<string> Texts =>
    [
        "<function=get_weather></function> is the form of a call.",
        "<tool_call>get_weather</tool_call>⏎city: Oslo",
        "<function=write_file>⏎<parameter=path>⏎a⏎</parameter>⏎<parameter=content>⏎x</parameter>⏎</div>⏎</function>",
        "<function=get_weather><parameter=city>Oslo</parameter> and then</function>",
        "<tool_call>⏎\"nosuch\"⏎{\"city\": \"Oslo\"}⏎</tool_call>",
        "<tool_call>⏎function: nosuch⏎{\"city\": \"Oslo\"}⏎</tool_call>",
        "<tool_call>\"get_weather\" is a tool",
        "functools(x) and functools (\"get_weather\")",
        "[{\"name\": \"nosuch\", \"arguments\": {}}, {\"name\": \"other\", \"arguments\": {}}]",
        "[{\"name\": \"Oslo\", \"temp\": 3}, {\"name\": \"Rome\", \"temp\": 9}]",
        "[nosuch(a=1), other(b=2)]",
        "[link](https://example.org), [x] and [f(x)](y)",
        "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"string\"}, \"description\": \"the weather\"}",
        "{\"message\": \"get_weather\", \"status\": \"ok\"}",
        "{\"name\": \"get_weather\", \"reason\": \"The user wants it\"}",
    ];

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_call_with_a_part_in_another_place_is_found(string form, string[] calls) => Check(Answer(form), "", calls);

    [Theory]
    [MemberData(nameof(Members))]
    public void Json_that_names_a_tool_may_have_any_other_member(string member)
    {
        string call = $$"""{"name": "get_weather", "arguments": {"city": "Oslo"}, "{{member}}": "The user wants it"}""";

        Check(call, "", [Oslo]);
        Check($"```json\n{call}\n```", "", [Oslo]);
        Check($"[{call}, {call}]", "", [Oslo, Oslo]);
        Check($"I look it up.\n\n{call}", "I look it up.", [Oslo]);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void A_call_beside_one_of_another_tool_is_found_and_the_other_one_is_content(string form, string content)
    {
        const string nosuch = """{"name": "nosuch", "arguments": {"a": 1}}""";

        Check(Fill(form), Fill(content), [Oslo]);

        static string Fill(string text) => Answer(text).Replace("{0}", nosuch, StringComparison.Ordinal).Replace("{1}", City, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Text_that_is_no_such_call_stays_content(string form) => Check(Answer(form), Answer(form), []);

    [Theory]
    [InlineData(57, true)]
    [InlineData(58, false)]
    [InlineData(62, false)]
    public void Arguments_that_the_apis_could_not_take_back_are_content(int levels, bool isCall)
    {
        string opts = string.Concat(Enumerable.Repeat("{\"opts\":", levels)) + "1" + new string('}', levels);
        string answer = "<tool_call>{\"name\": \"set_light\", \"arguments\": {\"opts\":" + opts + "}}</tool_call>";

        PipelineResult result = Pipeline.Run(Offered, answer);

        (result.Calls.Count, result.Content).Should().Be(isCall ? (1, "") : (0, answer));
    }

    [Fact]
    public void Many_closing_tags_in_a_value_take_a_time_that_grows_with_its_length()
    {
        string text = string.Concat(Enumerable.Repeat("<p>\n</parameter> x\n", 20_000)) + "end";

        PipelineResult result = Pipeline.Run(Offered, $"<function=write_file>\n<parameter=path>\na\n</parameter>\n<parameter=content>\n{text}\n</parameter>\n</function>");

        result.Calls.Should().ContainSingle().Which.Should().EndWith("x\\nend\"}");
    }

    private static void Check(string answer, string content, string[] calls)
    {
        foreach (string family in (string[])["unknown", "Qwen XML", "Llama 3"])
        {
            OutputPipelineSettings settings = Offered with { Tools = family == "unknown" ? ToolFamilies.Unknown : Pipeline.Family(family) };

            PipelineResult result = Pipeline.Run(settings, answer);

            result.Calls.Should().Equal(calls, family);
            result.Content.Should().Be(content, family);
            Pipeline.ExpectFromAnyTokens(result, settings, answer, seed: 12, splits: 5);
        }
    }
}
