using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Api;

public sealed class FillInTheMiddleTests
{
    // The ids of the letters are 0 and 1, those of the control tokens 2 to 4.
    private const string Tokenizer = """
        {"added_tokens": [{"id": 2, "content": "<|fim_prefix|>", "special": true}, {"id": 3, "content": "<|fim_suffix|>", "special": true}, {"id": 4, "content": "<|fim_middle|>", "special": true}],
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
        """;

    [Theory]
    [InlineData("/v1/completions", """{"model":"m","prompt":"a","suffix":"b"}""", new[] { 2, 0, 3, 1, 4 })]
    [InlineData("/v1/completions", """{"model":"m","prompt":"","suffix":"b","stream":true}""", new[] { 2, 3, 1, 4 })]
    [InlineData("/v1/completions", """{"model":"m","prompt":"a","suffix":""}""", new[] { 0 })]
    [InlineData("/v1/completions", """{"model":"m","prompt":"a","suffix":null}""", new[] { 0 })]
    [InlineData("/api/generate", """{"model":"m","prompt":"a","suffix":"b"}""", new[] { 2, 0, 3, 1, 4 })]
    [InlineData("/api/generate", """{"model":"m","prompt":"","suffix":"b","stream":false}""", new[] { 2, 3, 1, 4 })]
    [InlineData("/api/generate", """{"model":"m","prompt":"a","suffix":"b","raw":true}""", new[] { 2, 0, 3, 1, 4 })]
    [InlineData("/api/generate", """{"model":"m","prompt":"a","suffix":"","raw":true}""", new[] { 0 })]
    public async Task The_prompt_marks_the_gap(string path, string body, int[] expected)
    {
        await using TestServer server = await StartAsync(Tokenizer);
        IReadOnlyList<int>? prompt = null;
        Func<FakeRun, Task> run = server.Engine.Run;
        server.Engine.Run = started =>
        {
            prompt = started.Tokens;
            return run(started);
        };

        using HttpResponseMessage response = await server.PostAsync(path, body);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).Should().Contain("Hello");
        prompt.Should().Equal(expected);
    }

    [Theory]
    [InlineData("/v1/completions", "\"code\":\"unsupported_value\"", "\"param\":\"suffix\"", "suffix is not supported")]
    [InlineData("/api/generate", "\\u0022m\\u0022 does not support insert")]
    public async Task A_model_without_such_tokens_refuses_a_suffix(string path, params string[] parts)
    {
        await using TestServer server = await StartAsync(null);

        using HttpResponseMessage response = await server.PostAsync(path, """{"model":"m","prompt":"a","suffix":"b"}""");

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        string answer = (await response.Content.ReadAsStringAsync()).Replace("\\\"m\\\"", "\\u0022m\\u0022", StringComparison.Ordinal);
        foreach (string part in parts)
            answer.Should().Contain(part);
    }

    [Fact]
    public async Task The_capability_insert_and_an_ignored_system_prompt_are_reported()
    {
        await using TestServer with = await StartAsync(Tokenizer), without = await StartAsync(null);

        using HttpResponseMessage response = await with.PostAsync("/api/generate", """{"model":"m","prompt":"a","suffix":"b","system":"x","stream":false}""");

        response.Headers.GetValues("X-RkLlama-Ignored").Should().ContainSingle().Which.Should().Contain("system");
        (await CapabilitiesAsync(with)).Should().Contain("insert");
        (await CapabilitiesAsync(without)).Should().NotContain("insert");
    }

    private static async Task<IEnumerable<string?>> CapabilitiesAsync(TestServer server) =>
        (await server.PostJsonAsync("/api/show", """{"model":"m"}""")).Body.GetProperty("capabilities").EnumerateArray().Select(static (JsonElement item) => item.GetString());

    private static async Task<TestServer> StartAsync(string? tokenizer)
    {
        TestServer server = await TestServer.StartAsync();
        server.AddModel("m");
        if (tokenizer is not null)
            await File.WriteAllTextAsync(Path.Combine(server.Models, "m", "tokenizer.json"), tokenizer);
        return server;
    }
}
