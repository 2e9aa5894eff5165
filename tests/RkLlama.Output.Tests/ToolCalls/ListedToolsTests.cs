using System.Text.Json;
using RkLlama.Output.Tests.Support;
using RkLlama.Output.ToolCalls.Families;

namespace RkLlama.Output.Tests.ToolCalls;

/// <summary>Answers that name the tools, describe them or have JSON with their names, in every family. They are content to the letter. ⏎ is a line break.</summary>
public sealed class ListedToolsTests
{
    private const string Parameters = """{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}""";
    private const string Function = """{"name": "get_weather", "description": "weather", "parameters": """ + Parameters + "}";

    private static readonly Dictionary<string, JsonElement> Schemas = new()
    {
        ["get_weather"] = JsonElement.Parse(Parameters),
        ["ping"] = JsonElement.Parse("""{"type":"object","properties":{}}"""),
        ["weather"] = JsonElement.Parse("""{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}"""),
        ["search"] = JsonElement.Parse("""{"type":"object","properties":{"query":{"type":"string"}},"required":["query"]}"""),
    };

    public static TheoryData<string> Texts =>
    [
        // Lists of tools.
        """{"tools": [{"type": "function", "function": """ + Function + "}]}",
        """{"type": "function", "function": """ + Function + "}",
        "[" + Function + "]",
        "My tools:⏎```json⏎[" + Function + "]⏎```⏎That is all.",
        "My tools: {\"tools\": [" + Function + "]}",
        "<tools>⏎" + Function + "⏎</tools>",
        """{"name": "get_weather", "parameters": """ + Parameters + "}",
        """{"name": "get_weather", "parameters": {"city": {"type": "string", "description": "the city"}}}""",
        """{"name": "get_weather", "arguments": {"properties": {"city": {"type": "string"}}, "required": ["city"]}}""",
        """{"type": "function", "function": {"name": "ping", "description": "checks", "parameters": {}}}""",
        """{"type": "function", "function": {"name": "ping", "description": "checks", "parameters": {"type": "object", "properties": {}}}}""",
        """{"type": "function", "function": {"name": "ping", "description": "checks a host"}}""",
        """{"get_weather": """ + Parameters + "}",

        // Other JSON that contains a call.
        """{"result": {"name": "get_weather", "arguments": {"city": "Oslo"}}, "ok": true}""",
        """{"examples": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}""",
        """["a", {"name": "get_weather", "arguments": {"city": "Oslo"}}]""",
        "[1, {\"name\": \"ping\", \"arguments\": {}}]⏎",
        "```json⏎{\"steps\": [{\"name\": \"ping\", \"arguments\": {}}]}⏎```",

        // Sentences that start with the name of a tool.
        "get_weather(city=\"Oslo\") returns the weather in Oslo.",
        "ping() is a function that checks a host.",
        "ping {\"a\": 1} is not valid.",
        "get_weather⏎{\"city\": \"Oslo\"}⏎is how to call it.",
        "1. ping()⏎2. weather(city)",
        "- ping() checks a host⏎- get_weather(city=\"Oslo\") does more",
        "call:ping{} is the syntax",
        "ping()?",
        "ping(), get_weather(city=\"Oslo\") and weather are my tools.",
        "[ping()] is a list.",
        "[get_weather(city=\"Oslo\"), ping()]: two calls",
        "Use this:⏎ping()⏎and wait.",

        // The name of a tool as a key or as a value.
        """{"weather": {"temp": 3}}""",
        """{"weather": {"days": 3}}""",
        """{"weather": {"city": "Oslo", "temp": 3}}""",
        """{"ping": {"ms": 12}}""",
        """{"action": "search"}""",
        """{"tool": "search"}""",
        """{"function": "search"}""",
        """[{"name": "search"}]""",
        """{"name": "ping"} is my tool.""",
    ];

    public static TheoryData<string, string> Calls => new()
    {
        { """{"weather": {"city": "Oslo"}}""", """weather{"city":"Oslo"}""" },
        { """{"weather": {"days": "3", "city": "Oslo"}}""", """weather{"days":3,"city":"Oslo"}""" },
        { """{"action": "ping"}""", "ping{}" },
        { """<tool_call>{"name": "search"}</tool_call>""", "search{}" },
        { """<tool_call>{"name": "get_weather", "description": "weather", "arguments": {"city": "Oslo"}}</tool_call>""", """get_weather{"city":"Oslo"}""" },
        { """{"name": "search", "arguments": {"query": "{\"type\": \"object\", \"properties\": {}}"}}""", """search{"query":"{\"type\": \"object\", \"properties\": {}}"}""" },
        { "ping()", "ping{}" },
        { "[ping()]⏎", "ping{}" },
        { "get_weather(city=\"Oslo\")", """get_weather{"city":"Oslo"}""" },
        { "get_weather⏎{\"city\": \"Oslo\"}", """get_weather{"city":"Oslo"}""" },
        { "```⏎get_weather(city=\"Oslo\")⏎```", """get_weather{"city":"Oslo"}""" },
    };

    public static TheoryData<string> Families => ["unknown", .. ToolFamilies.All.Select(static family => family.Name)];

    [Theory]
    [MemberData(nameof(Families))]
    public void Text_about_tools_is_content_in_every_family(string family)
    {
        Random random = new(6);
        List<string> failures = [];

        foreach (string text in Texts)
        {
            string answer = VariantForms.Answer(text);
            PipelineResult whole = Pipeline.Run(Settings(family), answer);
            PipelineResult cut = Pipeline.Run(Settings(family), Pipeline.RandomTokens(answer, random));
            if (whole.Calls.Count > 0 || whole.Content != answer || cut.Content != answer)
                failures.Add($"{answer} gives {string.Join(' ', whole.Calls)} and \"{whole.Content}\" or \"{cut.Content}\"");
        }

        failures.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_call_that_is_the_whole_answer_is_a_call_in_every_family(string family)
    {
        foreach (object[] row in Calls)
        {
            PipelineResult result = Pipeline.Run(Settings(family), VariantForms.Answer((string)row[0]));

            result.Calls.Should().Equal((string)row[1]);
            result.Content.Should().BeEmpty();
        }
    }

    [Fact]
    public void Json_with_the_name_of_a_tool_as_its_key_is_content_if_the_request_asks_for_json()
    {
        const string answer = """{"weather": {"city": "Oslo"}}""";

        Pipeline.Run(Settings("unknown") with { ExpectsJson = true }, answer).Content.Should().Be(answer);
    }

    [Fact]
    public void Parameters_that_are_declared_as_a_schema_may_be_one()
    {
        OutputPipelineSettings settings = Settings("unknown") with
        {
            ToolNames = new HashSet<string> { "define" },
            ToolSchemas = new Dictionary<string, JsonElement>
            {
                ["define"] = JsonElement.Parse("""{"type":"object","properties":{"type":{"type":"string"},"properties":{"type":"object"}}}"""),
            },
        };

        Pipeline.Run(settings, """{"name": "define", "arguments": {"type": "object", "properties": {"a": 1}}}""").Calls.Should()
            .Equal("""define{"type":"object","properties":{"a":1}}""");
    }

    [Fact]
    public void Other_json_is_sent_while_it_arrives() =>
        Pipeline.ContentSoFar(Settings("unknown"), """{"result": {"name": "get_weather", "argum""").Should().Be("""{"result": {"name": "get_weather", "argum""");

    private static OutputPipelineSettings Settings(string family) => new()
    {
        Tools = family == "unknown" ? ToolFamilies.Unknown : Pipeline.Family(family),
        ToolNames = Schemas.Keys.ToHashSet(),
        ToolSchemas = Schemas,
    };
}
