using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Engine.Workers;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.Common;

/// <summary>If a model has used its thinking budget, a second run in the same queue slot generates the answer.</summary>
public sealed class ThinkingBudgetTests : IDisposable
{
    private const string Chat = """{"model":"m","messages":[{"role":"user","content":"Why?"}],"thinking_budget":3}""";

    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task The_reasoning_block_is_closed_and_the_model_continues_behind_it()
    {
        await using TestServer server = await StartAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> asking = server.PostJsonAsync("/v1/chat/completions", Chat);

        FakeRun thinking = await ThinkTooLongAsync();
        FakeRun answering = await _held.NextAsync();
        await answering.SendAsync("Because.");
        answering.End(RunEndReason.Stop);

        JsonElement body = (await asking).Body;
        JsonElement message = body.GetProperty("choices")[0].GetProperty("message");
        message.GetProperty("reasoning_content").GetString().Should().Be("one two");
        message.GetProperty("content").GetString().Should().Be("Because.");
        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("stop");
        JsonElement usage = body.GetProperty("usage");
        usage.GetProperty("completion_tokens").GetInt32().Should().Be(4);
        usage.GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32().Should().Be(3);
        thinking.Engine.AbortCause.Should().Be(AbortCause.ThinkingBudget);
        answering.Prompt.Should().Be(thinking.Prompt + "<think>one two\n</think>\n\n");
    }

    [Fact]
    public async Task No_other_request_runs_between_reasoning_and_answer()
    {
        await using TestServer server = await StartAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> asking = server.PostJsonAsync("/v1/chat/completions", Chat);
        FakeRun first = await _held.NextAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> other = server.PostJsonAsync("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"Other"}]}""");
        await EventuallyAsync(() => server.QueueLength == 1);

        await ThinkTooLongAsync(first);
        FakeRun second = await _held.NextAsync();

        second.Prompt.Should().StartWith(first.Prompt);
        second.End(RunEndReason.Stop);
        (await asking).Status.Should().Be(HttpStatusCode.OK);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await other).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task With_the_template_of_the_runtime_the_answer_is_cut_at_its_thinking_budget()
    {
        await using TestServer server = await StartAsync("FROM=\"m.rkllm\"\nTEMPLATE_MODE=\"runtime\"\n");
        Task<(HttpStatusCode Status, JsonElement Body)> asking = server.PostJsonAsync("/v1/chat/completions", Chat);

        await ThinkTooLongAsync();

        JsonElement body = (await asking).Body;
        body.GetProperty("choices")[0].GetProperty("finish_reason").GetString().Should().Be("length");
        await EventuallyAsync(() => server.Log.Contains("cut at its thinking budget", StringComparison.Ordinal));
        _held.Count.Should().Be(1);
    }

    [Fact]
    public async Task A_client_that_disconnects_between_the_two_runs_frees_the_npu()
    {
        await using TestServer server = await StartAsync();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> asking = server.PostAsync("/v1/chat/completions", Chat, leave.Token);
        FakeRun first = await _held.NextAsync();
        await SendThoughtsAsync(first);
        await first.Aborted.WaitAsync(Patience);

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await EventuallyAsync(() => first.Engine.AbortCause is not null);
        first.End(RunEndReason.Cancelled);

        // Either there is no second run, or it is aborted when it starts.
        await EventuallyAsync(() => server.IsIdle || _held.Count == 2);
        if (_held.Count == 2)
        {
            FakeRun second = await _held.NextAsync();
            await second.Aborted.WaitAsync(Patience);
            second.End(RunEndReason.Cancelled);
        }

        await EventuallyAsync(() => server.IsIdle);
    }

    [Theory]
    [InlineData("\"thinking_budget\":0", false)]
    [InlineData("\"reasoning_effort\":\"none\"", false)]
    [InlineData("\"reasoning_effort\":\"high\"", true)]
    [InlineData("\"reasoning_effort\":\"max\"", true)]
    [InlineData("\"reasoning\":{\"enabled\":true}", true)]
    [InlineData("\"reasoning\":{\"enabled\":false}", false)]
    [InlineData("\"reasoning\":{\"enabled\":false,\"effort\":\"high\"}", false)]
    [InlineData("\"chat_template_kwargs\":{\"enable_thinking\":false}", false)]
    [InlineData("\"reasoning\":{\"effort\":\"low\"}", true)]
    public async Task Thinking_is_switched_by_the_fields_of_every_api(string field, bool isOn)
    {
        await using TestServer server = await StartAsync("FROM=\"m.rkllm\"\nTEMPLATE=\"{{ messages[0].content }} thinks={{ enable_thinking }}\"\n");
        Task<(HttpStatusCode Status, JsonElement Body)> asking = server.PostJsonAsync(
            "/v1/chat/completions", $$"""{"model":"m","messages":[{"role":"user","content":"Why?"}],{{field}}}""");

        FakeRun run = await _held.NextAsync();
        run.End(RunEndReason.Stop);

        (await asking).Status.Should().Be(HttpStatusCode.OK);
        run.Prompt.Should().Be($"Why? thinks={isOn}");
    }

    private async Task<TestServer> StartAsync(string modelfile = "FROM=\"m.rkllm\"\n")
    {
        TestServer server = await TestServer.StartAsync(_held.Engine);
        server.AddModel("m", modelfile);
        return server;
    }

    private async Task<FakeRun> ThinkTooLongAsync(FakeRun? run = null)
    {
        run ??= await _held.NextAsync();
        await SendThoughtsAsync(run);
        await run.Aborted.WaitAsync(Patience);
        await run.SendAsync(" and more");
        run.End(RunEndReason.Cancelled);
        return run;
    }

    private static async Task SendThoughtsAsync(FakeRun run)
    {
        foreach (string token in (string[])["<think>", "one", " two"])
            await run.SendAsync(token);
    }
}
