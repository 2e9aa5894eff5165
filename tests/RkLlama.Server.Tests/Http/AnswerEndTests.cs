using System.Text.Json;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Http;

/// <summary>The end of an answer and its timings if the run ends before the server reads its tokens.</summary>
public sealed class AnswerEndTests
{
    [Fact]
    public async Task No_duration_is_negative_if_the_first_token_arrives_before_the_start_is_noted()
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
    public async Task An_answer_that_is_cut_has_finish_reason_length_though_its_run_had_ended(int bound, string expected)
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
