using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.OpenApi;

/// <summary>
/// The documented bodies match the readers: the examples are accepted, and for each documented field a wrong value is refused with the field's name.
/// </summary>
public sealed class OpenApiBodyTests
{
    /// <summary>Fields that are accepted with any value, because they have no effect or another field has priority.</summary>
    private static readonly string[] Tolerated =
    [
        "LoadModelBody.from", "LoadModelBody.huggingface_path",
        "MessageBody.name", "MessageBody.tool_call_id", "MessageBody.reasoning_content",
        "OllamaMessageBody.thinking", "OllamaMessageBody.tool_name", "OllamaMessageBody.tool_call_id",
        "ToolCallBody.id", "ToolCallBody.type",
        "ToolBody.type", "FunctionBody.description", "FunctionBody.parameters", "ToolChoiceBody.type",
        "ResponseToolBody.type", "ResponseToolBody.description", "ResponseToolBody.parameters", "ResponseToolChoiceBody.type",
        "JsonSchemaBody.name", "ResponseTextFormatBody.name",
        "*.seed", "*.min_p", "*.typical_p", "*.logit_bias", "*.logprobs", "*.top_logprobs", "*.repeat_last_n", "*.num_keep",
        "OllamaChatBody.name", "OllamaGenerateBody.name", "OllamaShowBody.name", "OllamaDeleteBody.name", "OllamaEmbedBody.name", "OllamaEmbeddingsBody.name",
        "OllamaPullBody.name", "OllamaStopPullBody.name", "OllamaCreateBody.name", "ToolCallBody.custom", "MessageBody.function_call", "ResponseFormatBody.schema", "ResponseToolChoiceBody.mode", "ResponseToolChoiceBody.tools",
        "ChatCompletionBody.metadata", "ChatCompletionBody.functions", "ChatCompletionBody.function_call", "ChatCompletionBody.guided_json", "ChatCompletionBody.json_schema",
        "CustomCallBody.name", "CustomCallBody.input", "ResponseItemBody.namespace",
        "OllamaShowBody.verbose",
    ];

    /// <summary>Fields of other bodies that an operation refuses, as its description says.</summary>
    private static readonly string[] Refused = ["POST /v1/responses prompt", "POST /v1/responses/input_tokens prompt"];

    private const string ResponsesAddition = """
        {"text":{"format":{"type":"json_schema","schema":{"type":"object"}}},"tool_choice":{"name":"get_weather"},
         "input":[{"type":"function_call_output","call_id":"call_1","output":[{"type":"output_text","text":"19 °C"}]},
                  {"type":"custom_tool_call","call_id":"call_2","name":"patch","input":"x"}]}
        """;

    private const string MessagesAddition = """
        {"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}},"output_format":{"type":"json_schema","schema":{"type":"object"}},
         "thinking":{"type":"enabled","budget_tokens":100},"tool_choice":{"type":"tool","name":"get_weather"}}
        """;

    private const string MessagesOfTokens = """
        {"messages":[{"role":"assistant","content":[{"type":"text","text":"Hi"}],"tool_calls":[{"function":{"name":"f","arguments":{}}}]}]}
        """;

    private const string ChatAddition = """
        {"messages":[{"role":"assistant","content":[{"type":"text","text":"Hi"}],"tool_calls":[{"function":{"name":"f","arguments":{}}}]}],
         "response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}},
         "tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"function":{"name":"f"}}}
        """;

    // For the operations that need a tokenizer.
    private const string Tokenizer = """
        {"added_tokens": [{"id": 2, "content": "<|fim_prefix|>", "special": true}, {"id": 3, "content": "<|fim_suffix|>", "special": true}, {"id": 4, "content": "<|fim_middle|>", "special": true}],
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
        """;

    private static readonly string[] WithTokenizer = ["POST /tokenize", "POST /v1/tokenize", "POST /detokenize", "POST /v1/detokenize", "POST /infill"];

    /// <summary>Fields that are added to an example, so that every reader of nested fields is used.</summary>
    private static readonly Dictionary<string, string> Additions = new()
    {
        ["POST /v1/messages"] = MessagesAddition,
        ["POST /v1/messages/count_tokens"] = MessagesAddition,
        ["POST /tokenize"] = MessagesOfTokens,
        ["POST /v1/tokenize"] = MessagesOfTokens,
        ["POST /apply-template"] = ChatAddition,
        ["POST /generate"] = """{"messages":[{"role":"assistant","content":[{"type":"text","text":"Hi"}],"tool_calls":[{"function":{"name":"f","arguments":{}}}]}]}""",
        ["POST /v1/chat/completions"] = """
            {"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}},"tool_choice":{"function":{"name":"get_weather"}}}
            """,
        ["POST /v1/responses"] = ResponsesAddition,
        ["POST /v1/responses/input_tokens"] = ResponsesAddition,
        ["POST /api/create"] = """{"messages":[{"role":"assistant","content":[{"type":"text","text":"Hi"}],"tool_calls":[{"function":{"name":"f","arguments":{}}}]}]}""",
        ["POST /api/chat"] = """
            {"messages":[{"role":"assistant","content":[{"type":"text","text":"Hi"}],"tool_calls":[{"function":{"name":"f","arguments":{}}}]}],
             "tools":[{"function":{"name":"f"}}],"tool_choice":{"function":{"name":"f"}}}
            """,
    };

    private static IEnumerable<string> Described =>
        DocumentedOperations.All.Where(documented => documented.Operation.Body is not null).Select(documented => documented.Route);

    public static TheoryData<string> Routes() => [.. Described];

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task The_example_is_accepted(string route)
    {
        await using TestServer server = await StartAsync(route);
        DocumentedBodies bodies = new(await DocumentedBodies.ReadAsync(), route);

        (int status, string answer) = await SendAsync(server, route, bodies.Example);

        status.Should().NotBe(400, "{0} got the answer {1}", bodies.Example.ToJsonString(), answer);
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_field_with_a_wrong_value_is_refused_and_named(string route)
    {
        await using TestServer server = await StartAsync(route);
        DocumentedBodies bodies = new(await DocumentedBodies.ReadAsync(), route);
        if (Additions.TryGetValue(route, out string? addition))
            bodies.Add(JsonNode.Parse(addition)!.AsObject());
        List<string> wrong = [];
        int sent = 0;

        foreach (WrongBody body in bodies.WithWrongValues())
        {
            (int status, string answer) = await SendAsync(server, route, body.Json);
            bool isNamed = status == 400 && Names(answer, body.Field);
            bool isTolerated = Tolerated.Contains($"{body.Owner}.{body.Field}") || Tolerated.Contains($"*.{body.Field}");
            if (isNamed == isTolerated && !(body.Field == "suffix" && answer.Contains("insert", StringComparison.Ordinal)))
                wrong.Add($"{body.Owner}.{body.Field} = {body.Value}: {status} {answer.Trim()} for {body.Json.ToJsonString()}");
            sent++;
        }

        sent.Should().BePositive();
        wrong.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_body_that_is_no_object_is_refused(string route)
    {
        await using TestServer server = await StartAsync(route);

        foreach (string body in (string[])["null", "[]", "[{}]", "1", "\"x\"", "true"])
        {
            (int status, string answer) = await SendAsync(server, route, JsonNode.Parse(body));

            status.Should().Be(400, "{0} got the answer {1}", body, answer);
        }
    }

    /// <summary>Sends the fields of all other bodies. So the test fails if an operation reads a field that its document does not describe.</summary>
    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_field_that_is_not_described_is_ignored(string route)
    {
        await using TestServer server = await StartAsync(route);
        JsonNode document = await DocumentedBodies.ReadAsync();
        DocumentedBodies bodies = new(document, route);
        string[] others = [.. Described.SelectMany(other => new DocumentedBodies(document, other).Fields).Distinct().Except(bodies.Fields)];
        List<string> wrong = [];

        foreach (string field in others.Where(field => !Refused.Contains($"{route} {field}")))
        {
            // A reader of numbers refuses the object. Other readers refuse the number.
            foreach (string value in (string[])["{}", "1.5"])
            {
                JsonObject body = bodies.Example.DeepClone().AsObject();
                body[field] = JsonNode.Parse(value);
                (int status, string answer) = await SendAsync(server, route, body);
                if (status == 400 && Names(answer, field))
                    wrong.Add($"{field} = {value}: {answer}");
            }
        }

        others.Should().NotBeEmpty();
        wrong.Should().BeEmpty();
    }

    private static bool Names(string answer, string field) => Regex.IsMatch(answer, $@"(?<!\w){field}(?!\w)");

    private static async Task<TestServer> StartAsync(string route)
    {
        TestServer server = await TestServer.StartAsync(configure: static options => options with { StateDirectory = Path.Combine(options.ModelsDirectory, "demo", "state") });
        server.AddModel("demo");
        if (WithTokenizer.Contains(route))
            await File.WriteAllTextAsync(Path.Combine(server.Models, "demo", "tokenizer.json"), Tokenizer);
        server.AddModel("demo-embedding");
        server.AddModel("demo-copy");
        if (route == "POST /generate")
            (await server.PostJsonAsync("/load_model", """{"model_name":"demo"}""")).Status.Should().Be(System.Net.HttpStatusCode.OK);
        return server;
    }

    private static async Task<(int Status, string Answer)> SendAsync(TestServer server, string route, JsonNode? body)
    {
        // A node with a loaded model refuses the load before it reads the body.
        if (route == "POST /load_model")
            (await server.PostAsync("/unload_model", "")).Dispose();

        // A copy fails if the destination exists.
        if (route == "POST /api/copy" && Path.Combine(server.Models, "demo-copy") is var copy && Directory.Exists(copy))
            Directory.Delete(copy, recursive: true);

        // A rename removes its source.
        if (route == "POST /api/rename" && Path.Combine(server.Models, "demo-renamed") is var renamed && Directory.Exists(renamed))
        {
            Directory.Delete(renamed, recursive: true);
            server.AddModel("demo");
        }

        string[] parts = route.Split(' ');
        using HttpRequestMessage request = new(new(parts[0]), parts[1])
        {
            Content = new StringContent(body?.ToJsonString() ?? "null", Encoding.UTF8, "application/json"),
        };
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
