using System.Text.Json;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Endpoints;

/// <summary>How an answer ends, and its figures, when the run is quicker than the server.</summary>
public sealed class AnswerEndTests
{
    [Fact]
    public async Task No_duration_is_negative_though_the_first_token_comes_before_the_run_is_known_to_have_begun()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m");

        (_, JsonElement body) = await server.PostJsonAsync("/api/generate", """{"model":"m","prompt":"x","stream":false}""");

        foreach (string name in (string[])["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"])
            body.GetProperty(name).GetInt64().Should().BeGreaterThanOrEqualTo(0, name);
    }

    [Theory]
    [InlineData(3, "length")]
    [InlineData(5, "stop")]
    public async Task An_answer_that_is_cut_says_length_though_its_run_had_ended(int bound, string expected)
    {
        await using TestServer server = await TestServer.StartAsync(new()
        {
            Run = static async run =>
            {
                foreach (string token in (string[])["one", " two", " three", " four", " five"])
                    await run.SendAsync(token);
                run.End(RunEndReason.Stop);
            },
        });
        server.AddModel("m");

        (_, JsonElement body) = await server.PostJsonAsync(
            "/v1/chat/completions", $$"""{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":{{bound}}}""");

        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be(expected);
        body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().Should().Be(bound);
    }
}
