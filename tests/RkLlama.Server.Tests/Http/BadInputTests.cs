using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Http;

/// <summary>Every invalid request gets a JSON error that says how to correct it, and has no lasting effect.</summary>
public sealed class BadInputTests
{
    private const string Hello = """{"messages":[{"role":"user","content":"Hi"}]}""";

    public static TheoryData<string, string> BadGenerateBodies() => new()
    {
        { "", "no body" },
        { "{", "not valid JSON" },
        { """{"messages":[{"role":"user","content":"Hi"}]} trailing""", "not valid JSON" },
        { "null", "messages is missing" },
        { "5", "messages is missing" },
        { "[]", "messages is missing" },
        { "{}", "messages is missing" },
        { """{"prompt":"Hi"}""", "not a prompt string" },
        { """{"messages":null}""", "messages is missing" },
        { """{"messages":"Hi"}""", "must be an array" },
        { """{"messages":[]}""", "empty" },
        { """{"messages":["Hi"]}""", "messages[0] must be an object" },
        { """{"messages":[{"content":"Hi"}]}""", "messages[0].role" },
        { """{"messages":[{"role":5,"content":"Hi"}]}""", "messages[0].role" },
        { """{"messages":[{"role":"robot","content":"Hi"}]}""", "robot" },
        { """{"messages":[{"role":"user"}]}""", "messages[0].content" },
        { """{"messages":[{"role":"user","content":null}]}""", "messages[0].content" },
        { """{"messages":[{"role":"system","content":null},{"role":"user","content":"Hi"}]}""", "messages[0].content" },
        { """{"messages":[{"role":"user","content":"Hi"},{"role":"user","content":{"text":"Hi"}}]}""", "messages[1].content" },
        { """{"messages":[{"role":"user","content":"half \ud800 pair"}]}""", "surrogate" },
        { """{"messages":[{"role":"user","content":"two high halves \ud800\ud800\udc00"}]}""", "surrogate" },
        { """{"messages":[{"role":"user","content":"a low half first \udc00"}]}""", "surrogate" },
        { """{"messages":[{"role":"user","content":"a high half at the end \ud800"}]}""", "surrogate" },
        { """{"messages":[{"role":"user","content":"a high half before another escape \ud800\n"}]}""", "surrogate" },
        { """{"messages":[{"role":"user","content":"Hi"}],"x":[""" + string.Join(',', Enumerable.Repeat('1', 250_000)) + "]}", "more than 250000 JSON values" },
        { """{"messages":[{"role":"user","content":"Hi"}],"stream":"yes"}""", "stream" },
        { """{"messages":[{"role":"user","content":"Hi"}],"stream":2}""", "stream" },
        { new string('[', 2000) + new string(']', 2000), "nested" },
        { """{"messages":""" + new string('[', 2000) + new string(']', 2000) + "}", "nested" },
    };

    [Theory]
    [MemberData(nameof(BadGenerateBodies))]
    public async Task Generate_reports_errors_in_the_body(string body, string hint)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/generate", body);

        status.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Contain(hint);
        await ShouldBeUnharmed(server);
    }

    [Fact]
    public async Task Missing_messages_are_reported_with_the_text_of_the_python_service_too()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        (_, JsonElement error) = await server.PostJsonAsync("/generate", """{"prompt":"Hi"}""");

        error.GetProperty("status").GetString().Should().Be("error");
        error.GetProperty("message").GetString().Should().Be("Données JSON invalides !");
    }

    [Fact]
    public async Task Control_characters_are_content()
    {
        string prompt = "";
        FakeEngine engine = new() { Run = run => { prompt = run.Prompt; run.End(RkLlama.Native.RunEndReason.Stop); return Task.CompletedTask; } };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync();

        (HttpStatusCode status, _) = await server.PostJsonAsync("/generate", """{"messages":[{"role":"user","content":"a\u0001\u0000\u001b[0mb"}]}""");

        status.Should().Be(HttpStatusCode.OK);
        prompt.Should().Contain("a\u0001\u0000\u001b[0mb");
    }

    [Fact]
    public async Task Invalid_utf8_is_refused()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        byte[] body = [.. "{\"messages\":[{\"role\":\"user\",\"content\":\""u8, 0xFF, 0xC0, .. "\"}]}"u8];

        using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/generate", UriKind.Relative), new ByteArrayContent(body));

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await TestServer.JsonAsync(response)).GetProperty("error").GetString().Should().Contain("UTF-8");
        await ShouldBeUnharmed(server);
    }

    [Theory]
    [InlineData("/generate", false)]
    [InlineData("/generate", true)]
    [InlineData("/load_model", false)]
    public async Task A_body_of_20_mb_is_413_and_the_client_reads_the_error(string path, bool chunked)
    {
        await using TestServer server = await TestServer.StartAsync();
        if (path == "/generate")
            await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new ByteArrayContent(new byte[20 << 20]) };
        request.Headers.TransferEncodingChunked = chunked;

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        (await TestServer.JsonAsync(response)).GetProperty("error").GetString().Should().Contain("larger");
        server.Log.Should().NotContain("   at ");
    }

    [Theory]
    [InlineData("gzip", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("gzip\r\nContent-Encoding: identity", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("identity, gzip", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("identity\r\nContent-Encoding: identity", HttpStatusCode.NotFound)]
    public async Task A_compressed_body_is_415(string encodings, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/show") { Content = new StringContent("""{"model":"none"}""") };
        foreach (string encoding in encodings.Split("\r\nContent-Encoding: "))
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);

        using HttpResponseMessage response = await server.Client.SendAsync(request);

        response.StatusCode.Should().Be(expected);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"stop\":", "")]
    [InlineData("/v1/completions", "\"prompt\":\"Hi\",\"stop\":", "")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"options\":{\"stop\":", "}")]
    [InlineData("/api/generate", "\"prompt\":\"Hi\",\"options\":{\"stop\":", "}")]
    public async Task The_total_length_of_stop_sequences_is_limited(string path, string before, string after)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        string half = new('x', 8 << 10);

        (HttpStatusCode some, _) = await server.PostJsonAsync(path, $"{{\"model\":\"m\",\"stream\":false,{before}[\"{half}\",\"y{half[1..]}\"]{after}}}");
        (HttpStatusCode many, JsonElement error) = await server.PostJsonAsync(path, $"{{\"model\":\"m\",\"stream\":false,{before}[\"{half}\",\"y{half}\"]{after}}}");

        some.Should().Be(HttpStatusCode.OK);
        many.Should().Be(HttpStatusCode.BadRequest);
        error.GetRawText().Should().Contain("stop must be at most 16384 characters");
    }

    [Theory]
    [InlineData("\"NaN\"", HttpStatusCode.BadRequest)]
    [InlineData("\"-NaN\"", HttpStatusCode.BadRequest)]
    [InlineData("\"soon\"", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("\"Infinity\"", HttpStatusCode.OK)]
    [InlineData("1e308", HttpStatusCode.OK)]
    [InlineData("-1e308", HttpStatusCode.OK)]
    [InlineData("\"99999999999999999999h\"", HttpStatusCode.OK)]
    public async Task A_malformed_keep_alive_is_refused(string keepAlive, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        for (int i = 0; i < 2; i++)
        {
            (HttpStatusCode status, _) = await server.PostJsonAsync("/api/generate", $$"""{"model":"m","prompt":"Hi","stream":false,"keep_alive":{{keepAlive}}}""");
            status.Should().Be(expected);
        }

        server.Log.Should().NotContain("Fault");
    }

    [Fact]
    public async Task Generate_without_a_model_is_400_before_the_body_is_read()
    {
        await using TestServer server = await TestServer.StartAsync();

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/generate", "not json");

        status.Should().Be(HttpStatusCode.BadRequest);
        error.GetProperty("error").GetString().Should().Be("No models are currently loaded.");
    }

    [Fact]
    public async Task Unknown_paths_are_404_and_wrong_methods_405_with_allow()
    {
        await using TestServer server = await TestServer.StartAsync();

        (HttpStatusCode unknown, JsonElement unknownError) = await server.GetJsonAsync("/nowhere");
        using HttpResponseMessage wrong = await server.Client.GetAsync(new Uri("/generate", UriKind.Relative));

        unknown.Should().Be(HttpStatusCode.NotFound);
        unknownError.GetProperty("error").GetString().Should().Contain("/nowhere");
        wrong.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        wrong.Content.Headers.Allow.Should().Equal("POST");
        (await TestServer.JsonAsync(wrong)).GetProperty("error").GetString().Should().Contain("POST");
    }

    [Theory]
    [InlineData("/v1/models", "GET", "HEAD")]
    [InlineData("/v1/models/m", "DELETE", "GET", "HEAD")]
    [InlineData("/v1/models/a/b", "DELETE", "GET", "HEAD")]
    public async Task A_405_lists_the_methods_of_its_path_only(string path, params string[] methods)
    {
        await using TestServer server = await TestServer.StartAsync();

        using HttpResponseMessage wrong = await server.PostAsync(path, "{}");

        wrong.StatusCode.Should().Be(HttpStatusCode.MethodNotAllowed);
        wrong.Content.Headers.Allow.Should().BeEquivalentTo(methods);
    }

    [Fact]
    public async Task An_internal_error_is_500_with_an_id_that_is_in_the_log()
    {
        FakeEngine engine = new() { Run = _ => throw new InvalidCastException("secret detail") };
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync();

        (HttpStatusCode status, JsonElement error) = await server.PostJsonAsync("/generate", Hello);

        status.Should().Be(HttpStatusCode.InternalServerError);
        error.GetProperty("error").GetString().Should().NotContain("secret");
        server.Log.Should().Contain(error.GetProperty("id").GetString()).And.Contain("secret detail");
    }

    [Fact]
    public async Task A_request_that_is_not_http_gets_an_answer_and_affects_no_other()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();
        using TcpClient client = new();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        NetworkStream stream = client.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes("\u0000\u0001 NOT HTTP\r\n\r\n"));
        using StreamReader reader = new(stream);
        string answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10));

        answer.Should().StartWith("HTTP/1.1 400");
        await ShouldBeUnharmed(server);
    }

    private static async Task ShouldBeUnharmed(TestServer server)
    {
        (HttpStatusCode status, JsonElement body) = await server.PostJsonAsync("/generate", Hello);
        status.Should().Be(HttpStatusCode.OK);
        body.GetProperty("choices")[0].GetProperty("content").GetString().Should().Be("Hello, world");
        server.Log.Should().NotContain("   at ");
    }
}
