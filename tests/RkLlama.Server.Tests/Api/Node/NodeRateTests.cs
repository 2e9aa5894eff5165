using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.Node;

/// <summary>The rates of the node in its status, and their comparison with the vendor's figures.</summary>
public sealed class NodeRateTests : IDisposable
{
    private const string Model = "qwen2.5-1.5b";

    private static readonly RunStatistics SlowRun = new(PrefillMs: 100, PrefillTokens: 10, DecodeMs: 1216, DecodeTokens: 9, MemoryMb: 100);

    private readonly HeldRuns _held = new();
    private readonly Board _board = new();

    public void Dispose()
    {
        _held.Dispose();
        _board.Dispose();
    }

    [Fact]
    public async Task The_first_run_has_rates_before_it_ends()
    {
        await using TestServer server = await StartAsync();
        Task<HttpResponseMessage> answer = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        JsonElement before = await RatesAsync(server);

        await SendAsync(run);
        await EventuallyAsync(() => RatesAsync(server).GetAwaiter().GetResult().GetProperty("decode_tokens_per_second").ValueKind == JsonValueKind.Number);
        JsonElement rates = await RatesAsync(server), reference = (await StatusAsync(server)).GetProperty("reference");

        before.GetProperty("decode_tokens_per_second").ValueKind.Should().Be(JsonValueKind.Null);
        rates.GetProperty("decode_tokens_per_second").GetDouble().Should().BePositive();
        rates.GetProperty("time_to_first_token_ms").GetDouble().Should().BePositive();
        reference.GetProperty("measured_tokens_per_second").GetDouble().Should().BePositive();
        run.End(RunEndReason.Stop);
        (await answer).Dispose();
    }

    [Fact]
    public async Task A_run_whose_client_has_left_has_rates_when_it_ends()
    {
        await using TestServer server = await StartAsync();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> answer = server.PostAsync("/generate", Hello, leave.Token);
        FakeRun run = await _held.NextAsync();
        await SendAsync(run);
        await EventuallyAsync(() => StatusAsync(server).GetAwaiter().GetResult().GetProperty("requests")[0].GetProperty("output_tokens").GetInt32() == 12);

        await leave.CancelAsync();
        await run.Aborted.WaitAsync(Patience);
        await EventuallyAsync(() => RequestsAsync(server).GetAwaiter().GetResult().GetArrayLength() == 1);
        run.End(RunEndReason.Cancelled);
        await EventuallyAsync(() => server.IsIdle);
        await EventuallyAsync(() => RatesAsync(server).GetAwaiter().GetResult().GetProperty("decode_tokens_per_second").ValueKind == JsonValueKind.Number);

        (await RatesAsync(server)).GetProperty("time_to_first_token_ms").GetDouble().Should().BePositive();
        JsonElement request = (await RequestsAsync(server))[0];
        request.GetProperty("decode_tokens_per_second").GetDouble().Should().BePositive();
        request.GetProperty("finish").GetString().Should().Be("cancelled");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    [Fact]
    public async Task A_slow_board_is_compared_with_the_vendor_at_full_clocks_and_the_reason_has_a_code()
    {
        _board.Device(Board.Ddr, 528_000_000, "528000000 1068000000 1560000000 2112000000");
        await using TestServer server = await StartAsync();

        JsonElement reference = await RunSlowlyAsync(server);

        double measured = reference.GetProperty("measured_tokens_per_second").GetDouble();
        reference.GetProperty("node_model").GetString().Should().Be(Model);
        reference.GetProperty("decode_tokens_per_second").GetDouble().Should().Be(16.32);
        reference.GetProperty("expected_tokens_per_second").GetDouble().Should().Be(4.08);
        measured.Should().BeLessThan(16.32 * 0.7);
        reference.GetProperty("is_slow").GetBoolean().Should().BeTrue();
        reference.GetProperty("reason_code").GetString().Should().Be("memory_clock");
        reference.GetProperty("reason").GetString().Should().MatchRegex("^[0-9.]+ tok/s is [0-9]+ % of the vendor's 16.3 tok/s at full clocks; the clock of the memory is 528 of 2112 MHz$");
        reference.GetProperty("remedy").GetString().Should().Be("sudo rkllama tune");
    }

    [Fact]
    public async Task Without_a_low_clock_the_reason_is_unknown()
    {
        await using TestServer server = await StartAsync();

        JsonElement reference = await RunSlowlyAsync(server);

        (reference.GetProperty("reason_code").GetString(), reference.GetProperty("remedy").GetString()).Should().Be(("unknown", "sudo rkllama doctor"));
        reference.GetProperty("expected_tokens_per_second").GetDouble().Should().Be(16.32);
    }

    [Fact]
    public async Task The_verdict_on_a_model_stays_when_it_is_unloaded_and_another_one_has_not_run()
    {
        await using TestServer server = await StartAsync();
        await RunSlowlyAsync(server);

        (await server.PostAsync("/unload_model", "")).Dispose();
        JsonElement unloaded = (await StatusAsync(server)).GetProperty("reference");
        await server.LoadAsync("qwen3-0.6b");
        JsonElement other = (await StatusAsync(server)).GetProperty("reference");

        foreach (JsonElement reference in (JsonElement[])[unloaded, other])
        {
            reference.GetProperty("is_slow").GetBoolean().Should().BeTrue();
            reference.GetProperty("node_model").GetString().Should().Be(Model);
        }
    }

    [Theory]
    [InlineData("", "completion")]
    [InlineData("RERANK=true\n", "rerank")]
    [InlineData("POOLING=mean\n", "embedding")]
    public async Task The_status_has_the_role_of_each_model(string modelfile, string expected)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync("m", "FROM=\"m.rkllm\"\n" + modelfile);

        (await StatusAsync(server)).GetProperty("models")[0].GetProperty("role").GetString().Should().Be(expected);
    }

    private async Task<TestServer> StartAsync()
    {
        TestServer server = await TestServer.StartAsync(_held.Engine, options => options with { SysfsRoot = _board.Root });
        await server.LoadAsync(Model);
        return server;
    }

    /// <summary>Sends 12 tokens, with times between them that give a rate.</summary>
    private static async Task SendAsync(FakeRun run)
    {
        for (int i = 0; i < 12; i++)
        {
            await run.SendAsync("word ");
            await Task.Delay(1);
        }
    }

    /// <summary>Completes a run with 7.4 tokens per second, and returns the comparison.</summary>
    private async Task<JsonElement> RunSlowlyAsync(TestServer server)
    {
        Task<HttpResponseMessage> answer = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        for (int i = 0; i < 10; i++)
            await run.SendAsync("word ");
        run.Engine.Complete(new(RunEndReason.Stop, 10, SlowRun, null));
        (await answer).Dispose();
        await EventuallyAsync(() => StatusAsync(server).GetAwaiter().GetResult().GetProperty("reference").GetProperty("measured_tokens_per_second").ValueKind == JsonValueKind.Number);
        return (await StatusAsync(server)).GetProperty("reference");
    }

    private static async Task<JsonElement> StatusAsync(TestServer server) => (await server.GetJsonAsync("/node/status")).Body;

    private static async Task<JsonElement> RatesAsync(TestServer server) => (await StatusAsync(server)).GetProperty("rates");

    private static async Task<JsonElement> RequestsAsync(TestServer server) => (await server.GetJsonAsync("/node/requests")).Body.GetProperty("requests");
}
