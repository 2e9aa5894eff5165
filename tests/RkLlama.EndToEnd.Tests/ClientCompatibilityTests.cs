using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Details of the wire format that real clients depend on, and that compatible servers often get wrong.</summary>
public sealed class ClientCompatibilityTests
{
    private const string Endless = """{"model":"demo","prompt":"!sleep 50 2000"}""";

    [Fact]
    public async Task Embeddings_as_base64_have_the_same_numbers()
    {
        await using Node node = await StartAsync();

        (_, JsonElement floats) = await node.PostJsonAsync("/v1/embeddings", """{"model":"demo-embedding","input":"one text"}""");
        (_, JsonElement base64) = await node.PostJsonAsync("/v1/embeddings", """{"model":"demo-embedding","input":"one text","encoding_format":"base64"}""");

        byte[] bytes = base64.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        float[] numbers = [.. floats.GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle())];
        numbers.Should().HaveCount(128);
        MemoryMarshal.Cast<byte, float>(bytes).ToArray().Should().Equal(numbers, "base64 is of little-endian float32");
    }

    [Fact]
    public async Task The_current_model_has_the_key_of_the_guide_and_the_key_that_clients_read()
    {
        await using Node node = await StartAsync();
        await node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");

        (_, JsonElement current) = await node.GetJsonAsync("/current_model");

        current.GetProperty("model").GetString().Should().Be("demo");
        current.GetProperty("model_name").GetString().Should().Be("demo");
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"demo","messages":[{"role":"user","content":"!fault error_state:3"}],"stream":true}""")]
    [InlineData("/v1/completions", """{"model":"demo","prompt":"!fault error_state:3","stream":true}""")]
    [InlineData("/v1/responses", """{"model":"demo","input":"!fault error_state:3","stream":true}""")]
    [InlineData("/api/chat", """{"model":"demo","messages":[{"role":"user","content":"!fault error_state:3"}]}""")]
    [InlineData("/api/generate", """{"model":"demo","prompt":"!fault error_state:3"}""")]
    public async Task An_error_in_a_stream_is_its_last_event_and_then_the_connection_is_cut(string path, string body)
    {
        await using Node node = await StartAsync();
        byte[] request = Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\n\r\n{body}");

        using TcpClient client = new();
        await client.ConnectAsync(node.Address.Host, node.Address.Port);
        await client.GetStream().WriteAsync(request);
        using StreamReader reader = new(client.GetStream());
        string answer = await reader.ReadToEndAsync().WaitAsync(Node.Patience);

        answer.Should().StartWith("HTTP/1.1 200 ").And.Contain("Transfer-Encoding: chunked");
        answer.Should().Contain("\"error\":").And.Contain(" 3", "what was said before the error has come");
        answer.Should().NotContain("\r\n0\r\n\r\n", "the last chunk would make it a whole answer").And.NotContain("[DONE]").And.NotContain("\"done\":true");
        answer.Should().NotContain("response.completed");
    }

    [Fact]
    public async Task Every_tool_call_of_a_stream_has_its_index_and_a_unique_id()
    {
        await using Node node = await StartAsync();
        const string Calls = """!echo <tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call><tool_call>{\"name\":\"f\",\"arguments\":{\"a\":2}}</tool_call>""";

        string stream = await TextAsync(node, "/v1/chat/completions", $$$"""{"model":"demo","messages":[{"role":"user","content":"{{{Calls}}}"}],"tools":[{"type":"function","function":{"name":"f"}}],"stream":true}""");

        JsonElement[] calls = [.. EventsOf(stream).SelectMany(one => one.GetProperty("choices").EnumerateArray())
            .Where(choice => choice.GetProperty("delta").TryGetProperty("tool_calls", out _))
            .SelectMany(choice => choice.GetProperty("delta").GetProperty("tool_calls").EnumerateArray())];
        calls.Select(call => call.GetProperty("index").GetInt32()).Should().Equal(0, 1);
        calls.Select(call => call.GetProperty("id").GetString()).Should().OnlyHaveUniqueItems().And.NotContain("");
        calls.Should().OnlyContain(call => call.GetProperty("function").GetProperty("arguments").ValueKind == JsonValueKind.String);
    }

    [Theory]
    [InlineData("/api/chat", """{"model":"demo","messages":[{"role":"user","content":"!sleep 300 3"}]}""")]
    [InlineData("/api/generate", """{"model":"demo","prompt":"!sleep 300 3"}""")]
    public async Task A_slow_stream_has_no_empty_lines_and_its_last_line_is_done(string path, string body)
    {
        await using Node node = await StartAsync("--heartbeat", "0.05");

        string stream = await TextAsync(node, path, body);

        string[] lines = stream.TrimEnd('\n').Split('\n');
        lines.Should().HaveCountGreaterThan(4, "there are signs of life among them");
        JsonElement[] read = [.. lines.Select(line => JsonElement.Parse(line))];
        read.Select(line => line.GetProperty("done").GetBoolean()).Should().Equal([.. Enumerable.Repeat(false, lines.Length - 1), true]);
    }

    [Fact]
    public async Task Times_are_RFC_3339_and_sizes_are_integers()
    {
        await using Node node = await StartAsync();
        (_, JsonElement answer) = await node.PostJsonAsync("/api/generate", """{"model":"demo","prompt":"!echo x","stream":false}""");
        (_, JsonElement tags) = await node.GetJsonAsync("/api/tags");
        (_, JsonElement ps) = await node.GetJsonAsync("/api/ps");
        (_, JsonElement show) = await node.PostJsonAsync("/api/show", """{"model":"demo"}""");

        JsonElement running = ps.GetProperty("models")[0];
        string[] times =
        [
            answer.GetProperty("created_at").GetString()!,
            tags.GetProperty("models")[0].GetProperty("modified_at").GetString()!,
            running.GetProperty("modified_at").GetString()!,
            running.GetProperty("expires_at").GetString()!,
            show.GetProperty("modified_at").GetString()!,
        ];
        times.Should().AllSatisfy(time => time.Should().MatchRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z$", "Python's parser takes six digits and no more"));
        tags.GetProperty("models").EnumerateArray().Should().OnlyContain(model => model.GetProperty("size").GetInt64() > 0);
        running.GetProperty("size_vram").GetInt64().Should().BePositive();
        answer.GetProperty("total_duration").GetInt64().Should().BeGreaterThan(1000, "it is nanoseconds");
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"demo","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("/api/chat", """{"model":"demo","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("/generate", """{"messages":[{"role":"user","content":"x"}]}""")]
    public async Task Retry_After_is_not_more_than_60_seconds(string path, string body)
    {
        await using Node node = await StartAsync("--queue", "1");
        using HttpResponseMessage running = await BeginAsync(node, "/api/generate", Endless);
        Task<HttpResponseMessage> waiting = BeginAsync(node, "/api/generate", """{"model":"demo","prompt":"!sleep 50 2001"}""");
        await node.WaitsAsync(1);

        using HttpResponseMessage refused = await BeginAsync(node, path, body);

        refused.StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        refused.Headers.RetryAfter!.Delta!.Value.Should().BePositive().And.BeLessThanOrEqualTo(TimeSpan.FromSeconds(60));
        running.Dispose();
        (await waiting).Dispose();
    }

    [Fact]
    public async Task A_slow_stream_sends_keep_alives()
    {
        await using Node node = await StartAsync("--heartbeat", "0.05");

        string stream = await TextAsync(node, "/v1/chat/completions", """{"model":"demo","messages":[{"role":"user","content":"!sleep 300 3"}],"stream":true}""");

        stream.Should().Contain("\n\n:\n\n", "a comment is a keep-alive").And.EndWith("data: [DONE]\n\n");
    }

    [Theory]
    [InlineData("""{"name":"demo","messages":[{"role":"user","content":"!echo x"}],"stream":false}""")]
    [InlineData("""{"model":"demo","messages":[{"role":"user","content":"!echo x"}],"stream":false,"format":"","options":null,"keep_alive":null,"tools":null,"think":false}""")]
    [InlineData("""{"model":"demo:latest","messages":[{"role":"user","content":"!echo x","images":null,"tool_calls":null}],"stream":false,"CustomHeaders":{}}""")]
    public async Task The_older_name_nulls_and_empty_options_are_accepted(string body)
    {
        await using Node node = await StartAsync();

        (HttpStatusCode status, JsonElement answer) = await node.PostJsonAsync("/api/chat", body);

        status.Should().Be(HttpStatusCode.OK, "{0}", answer);
        answer.GetProperty("message").GetProperty("content").GetString().Should().Be("x");
    }

    [Fact]
    public async Task Root_and_models_answer_as_in_the_guide_and_the_list_of_OpenAI_is_under_v1()
    {
        await using Node node = await StartAsync();

        (_, JsonElement root) = await node.GetJsonAsync("/");
        (_, JsonElement guides) = await node.GetJsonAsync("/models");
        (_, JsonElement list) = await node.GetJsonAsync("/v1/models");
        using HttpResponseMessage head = await node.Client.SendAsync(new(HttpMethod.Head, "/"));

        root.GetProperty("message").GetString().Should().Be("Welcome to RKLLama !");
        guides.GetProperty("models").EnumerateArray().Select(name => name.GetString()).Should().Equal("demo", "demo-embedding");
        list.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).Should().Equal("demo", "demo-embedding");
        head.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("qwen3:1.7b", "/v1/models/qwen3:1.7b")]
    [InlineData("qwen3:1.7b", "/v1/models/qwen3%3A1.7b")]
    [InlineData("a b+c", "/v1/models/a%20b+c")]
    public async Task Ids_are_found_however_they_are_escaped(string name, string path)
    {
        await using Node node = await StartAsync();
        node.CopyDemo("demo", name);

        (HttpStatusCode status, JsonElement card) = await node.GetJsonAsync(path);

        status.Should().Be(HttpStatusCode.OK, "{0}", card);
        card.GetProperty("id").GetString().Should().Be(name);
    }

    [Fact]
    public async Task An_escaped_slash_is_part_of_the_id()
    {
        await using Node node = await StartAsync();

        (HttpStatusCode status, JsonElement error) = await node.GetJsonAsync("/v1/models/org%2Fm:tag");

        status.Should().Be(HttpStatusCode.NotFound);
        error.GetProperty("error").GetProperty("code").GetString().Should().Be("model_not_found");
        error.GetProperty("error").GetProperty("message").GetString().Should().Contain("'org/m:tag'");
    }

    [Fact]
    public async Task Delete_reads_its_body()
    {
        await using Node node = await StartAsync();
        node.CopyDemo("demo", "twin");

        using HttpResponseMessage deleted = await node.Client.SendAsync(new(HttpMethod.Delete, "/api/delete") { Content = new StringContent("""{"model":"twin"}""") });

        deleted.StatusCode.Should().Be(HttpStatusCode.OK);
        Directory.Exists(Path.Combine(node.Models, "twin")).Should().BeFalse();
        Directory.Exists(Path.Combine(node.Models, "demo")).Should().BeTrue();
    }

    [Theory]
    [InlineData("/v1/chat/completions", "application/json")]
    [InlineData("/api/chat", "application/x-ndjson")]
    [InlineData("/generate", "application/json")]
    public async Task Each_API_has_its_own_default_for_stream(string path, string expected)
    {
        await using Node node = await StartAsync();
        await node.PostJsonAsync("/load_model", """{"model_name":"demo"}""");

        using HttpResponseMessage response = await BeginAsync(node, path, """{"model":"demo","messages":[{"role":"user","content":"!echo x"}]}""");

        response.Content.Headers.ContentType!.MediaType.Should().Be(expected);
    }

    private static async Task<Node> StartAsync(params string[] options)
    {
        Node node = await Node.StartAsync("1.2.3", ["--port", "0", .. options]);
        node.CopyDemo("demo");
        node.CopyDemo("demo-embedding");
        return node;
    }

    private static Task<HttpResponseMessage> BeginAsync(Node node, string path, string body) => node.Client.SendAsync(
        new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") }, HttpCompletionOption.ResponseHeadersRead);

    private static async Task<string> TextAsync(Node node, string path, string body)
    {
        using HttpResponseMessage response = await BeginAsync(node, path, body);
        return await response.Content.ReadAsStringAsync();
    }

    private static IEnumerable<JsonElement> EventsOf(string stream) => stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
        .Where(one => one.StartsWith("data: {", StringComparison.Ordinal))
        .Select(one => JsonElement.Parse(one[6..]));
}
