using System.Net;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>
/// Models that break JSON, each in one way and at one token, and go on as a real model does when its run is continued behind a corrected beginning. The simulator
/// takes some milliseconds per token, so that an abort takes effect in the course of the run.
/// </summary>
public sealed class ConstrainedOutputTests : IClassFixture<ConstrainedOutputTests.ConstrainedNode>
{
    private const string Document = """{"name": "Anna", "color": "red", "count": 5, "tags": ["a", "b"], "done": true}""";

    private const string Schema =
        """
        {"type":"object","properties":{"name":{"type":"string","maxLength":60},"color":{"enum":["red","green","blue"]},"count":{"type":"integer"},
        "tags":{"type":"array","items":{"type":"string","maxLength":60}},"done":{"type":"boolean"}},
        "required":["name","color","count","tags","done"],"additionalProperties":false}
        """;

    // What the abort of a run and the reading of a value cost at most.
    private const int MaxStepsPerViolation = 3;

    // Characters of three tokens at the start of the document.
    private const int MaxFirstDelta = 10;

    private static readonly string[] Apis = ["openai-schema", "openai-object", "ollama-schema"];

    // Each way, and the same ways in the middle of the document.
    private static readonly string[] Ways =
    [
        "prose_before", "prose_after", "fence", "two_documents", "missing_open_quote@5", "missing_close_quote@5", "single_quotes@9", "single_quoted_value", "curly_quotes@9",
        "unquoted_key@9", "unquoted_value", "line_comment", "block_comment@9", "missing_comma", "double_comma", "trailing_comma", "semicolon", "missing_colon@9", "equals@9",
        "missing_bracket", "wrong_bracket", "ellipsis", "extra_key@9", "renamed_key@9", "wrong_enum@9", "wrong_type@14", "list_for_value@14", "null_for_value@14", "undefined@14",
        "nan", "string_for_number", "number_for_string", "plus_sign", "leading_zeros", "unit", "python_word", "line_break", "bad_escape", "long_string", "early_end@12",
        "missing_comma,wrong_enum@9,nan,trailing_comma", "prose_only",
    ];

    private readonly ConstrainedNode _fixture;

    public ConstrainedOutputTests(ConstrainedNode fixture) => _fixture = fixture;

    public static TheoryData<string, string, bool> Cases
    {
        get
        {
            TheoryData<string, string, bool> cases = [];
            foreach (string way in Ways)
            {
                foreach (string api in Apis)
                {
                    cases.Add(way, api, false);
                    cases.Add(way, api, true);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task An_answer_is_valid_in_whichever_way_the_model_breaks_it(string way, string api, bool stream)
    {
        Answer answer = await AskAsync(_fixture.Node, $"!json {way} {Document}", api, stream);

        Check(answer, api);
        answer.Reason.Should().Be("stop", answer.Context);
        answer.Runs.Should().BeLessThanOrEqualTo(8, answer.Context);
        if (stream)
            answer.First.Length.Should().BeLessThanOrEqualTo(MaxFirstDelta, "the text leaves with the first token that fits");
    }

    [Theory]
    [InlineData("openai-schema")]
    [InlineData("openai-object")]
    [InlineData("ollama-schema")]
    public async Task A_valid_answer_is_one_run_that_is_not_aborted(string api)
    {
        // A prompt that is not the same as the one before: for that, the server sends one run of one token more.
        string document = Document.Replace("Anna", api, StringComparison.Ordinal);

        Answer answer = await AskAsync(_fixture.Node, $"!json prose_after {document}", api, stream: true);

        Check(answer, api);
        answer.Text.Should().Be(document);
        answer.Runs.Should().Be(1, answer.Context);
        answer.First.Length.Should().BeLessThanOrEqualTo(MaxFirstDelta, answer.Context);
    }

    [Theory]
    [InlineData("missing_comma")]
    [InlineData("single_quotes@9")]
    [InlineData("wrong_enum@9")]
    [InlineData("fence")]
    [InlineData("missing_comma,wrong_enum@9,string_for_number,trailing_comma")]
    public async Task A_violation_costs_at_most_three_tokens(string ways)
    {
        await using Node node = await Node.StartAsync("1.2.3", ["--port", "0", "--prompt-cache", "0"], ("RKLLM_SIMULATOR_SPEED", "1"));
        await node.LoadAsync();

        Answer clean = await AskAsync(node, $"!json prose_after {Document}", "openai-schema", stream: false);
        Answer broken = await AskAsync(node, $"!json {ways} {Document}", "openai-schema", stream: false);

        Check(broken, "openai-schema");
        broken.Emitted.Should().BeLessThanOrEqualTo(clean.Emitted + (MaxStepsPerViolation * (broken.Runs - 1)), broken.Context);
        broken.Runs.Should().BeInRange(2, 2 + ways.Count(static c => c == ','), broken.Context);
    }

    [Theory]
    [InlineData("openai-schema")]
    [InlineData("openai-object")]
    [InlineData("ollama-schema")]
    public async Task An_endless_string_ends_at_its_maximum_or_at_the_token_limit(string api)
    {
        Answer answer = await AskAsync(_fixture.Node, $"!json endless_string {Document}", api, stream: true);

        Check(answer, api);
        answer.Reason.Should().Be(api == "openai-object" ? "length" : "stop");
    }

    private static void Check(Answer answer, string api)
    {
        string because = answer.Context;
        JsonElement root = JsonElement.Parse(answer.Text);
        root.ValueKind.Should().Be(JsonValueKind.Object, because);
        if (api == "openai-object")
            return;
        root.EnumerateObject().Select(static member => member.Name).Should().BeEquivalentTo(["name", "color", "count", "tags", "done"], because);
        root.GetProperty("name").GetString()!.Length.Should().BeLessThanOrEqualTo(60, because);
        root.GetProperty("color").GetString().Should().BeOneOf(["red", "green", "blue"], because);
        root.GetProperty("count").TryGetInt64(out _).Should().BeTrue(because);
        root.GetProperty("tags").EnumerateArray().Should().OnlyContain(static tag => tag.ValueKind == JsonValueKind.String && tag.GetString()!.Length <= 60, because);
        root.GetProperty("done").ValueKind.Should().BeOneOf([JsonValueKind.True, JsonValueKind.False], because);
    }

    private static async Task<Answer> AskAsync(Node node, string message, string api, bool stream)
    {
        // The trace of a run is complete after its answer.
        await node.EventuallyAsync(() => node.Trace("run_end").Count == node.Trace("prompt").Count, "earlier runs should end");
        int before = node.Trace("run_end").Count;
        string ask = JsonSerializer.Serialize(message, TestJson.Default.String), streams = stream ? "true" : "false";
        (string path, string format) = api switch
        {
            "openai-schema" => ("/v1/chat/completions", "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"strict\":true,\"schema\":" + Schema + "}}"),
            "openai-object" => ("/v1/chat/completions", "\"response_format\":{\"type\":\"json_object\"}"),
            _ => ("/api/chat", "\"format\":" + Schema),
        };
        string body = $$"""{"model":"demo","messages":[{"role":"user","content":{{ask}}}],"stream":{{streams}},{{format}}}""";
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage response = await node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        StringBuilder text = new(), all = new();
        string? first = null;
        string reason = "";
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync());
        while (await lines.ReadLineAsync() is { } line)
        {
            all.AppendLine(line);
            string json = line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : line;
            if (json is not ['{', ..] || response.StatusCode != HttpStatusCode.OK)
                continue;
            (string? delta, string? why) = Read(JsonElement.Parse(json));
            first ??= delta is { Length: > 0 } ? delta : null;
            text.Append(delta);
            reason = why ?? reason;
        }

        response.StatusCode.Should().Be(HttpStatusCode.OK, "{0}\n{1}", all, node.Log);
        await node.EventuallyAsync(() => node.Trace("run_end").Count == node.Trace("prompt").Count, "the last run should end");
        IReadOnlyList<JsonElement> runs = [.. node.Trace("run_end").Skip(before)];
        return new(text.ToString(), first ?? "", reason, runs.Count, runs.Sum(static run => run.GetProperty("emitted").GetInt32()));
    }

    private static (string? Delta, string? Reason) Read(JsonElement item)
    {
        if (item.TryGetProperty("message", out JsonElement ollama))
            return (ollama.GetProperty("content").GetString(), item.TryGetProperty("done_reason", out JsonElement why) ? why.GetString() : null);
        JsonElement choice = item.GetProperty("choices")[0];
        JsonElement message = choice.TryGetProperty("delta", out JsonElement delta) ? delta : choice.GetProperty("message");
        return (message.TryGetProperty("content", out JsonElement content) ? content.GetString() : null, choice.GetProperty("finish_reason").GetString());
    }

    /// <param name="First">The first delta of a stream, or the whole text.</param>
    /// <param name="Runs">Number of runs of the library.</param>
    /// <param name="Emitted">Number of tokens that the model has generated in all runs.</param>
    private sealed record Answer(string Text, string First, string Reason, int Runs, int Emitted)
    {
        /// <summary>For messages, where braces have a meaning.</summary>
        internal string Context => ToString().Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
    }

    /// <summary>One server for all cases.</summary>
    public sealed class ConstrainedNode : IAsyncLifetime
    {
        internal Node Node { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Node = await Node.StartAsync("1.2.3", ["--port", "0", "--prompt-cache", "0"], ("RKLLM_SIMULATOR_SPEED", "50"));
            await Node.LoadAsync();

            // A run that follows a load has ended before this one.
            await Node.AskAsync("!count 1");
        }

        public async Task DisposeAsync() => await Node.DisposeAsync();
    }
}
