using System.Net;
using RkLlama.Cli;
using RkLlama.Cli.Bench;
using RkLlama.Cli.Tests.Doctor;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Bench;

/// <summary>The benchmark with a real server and a fake engine. The end-to-end tests check its figures.</summary>
public sealed class MeasurementTests : IDisposable
{
    private readonly Board _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public async Task A_model_that_is_named_is_loaded_measured_and_compared()
    {
        _board.Device(Board.Ddr, 528_000_000, "528000000 2112000000", "dmc_ondemand");
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { SysfsRoot = _board.Root });
        server.AddModel("Qwen2.5-1.5B");

        BenchReport report = await RunAsync(server, "Qwen2.5-1.5B", [32, 128]);

        (report.Model, report.Platform, report.Runtime, report.Driver).Should().Be(("Qwen2.5-1.5B", "rk3588", "1.2.3", "0.9.8"));
        report.Rows.Should().HaveCount(2).And.OnlyContain(row => row.OutputTokens == 3);
        report.Rows[1].PromptTokens.Should().BeInRange(90, 170, "that is about the requested length");
        report.Vendor!.Model.Should().Be("Qwen2.5-1.5B");
        report.LowClocks.Should().Equal("ddr 528 of 2112 MHz");
    }

    [Fact]
    public async Task Without_a_name_the_loaded_model_is_measured_and_without_a_model_the_error_is_one_sentence()
    {
        await using TestServer server = await TestServer.StartAsync();
        Func<Task> empty = () => RunAsync(server, null, [32]);
        await empty.Should().ThrowAsync<CommandException>().WithMessage("No models are currently loaded.");
        await server.LoadAsync();

        BenchReport report = await RunAsync(server, null, [32]);

        report.Model.Should().Be("m");
        report.Vendor.Should().BeNull();
        report.NoVendorFigure.Should().NotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_length_over_the_context_length_is_skipped_with_the_reason()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.AddModel("m", "FROM=\"m.rkllm\"\nNUM_CTX=512\n");
        File.Copy(Path.Join(HealthyNode.FindRoot(), "models", "demo", "tokenizer.json"), Path.Join(server.Models, "m", "tokenizer.json"));

        BenchReport report = await RunAsync(server, "m", [32, 2000]);

        report.Rows.Should().ContainSingle();
        report.Skipped.Should().ContainSingle().Which.Should().StartWith("2000 tokens: ").And.Contain("context");
    }

    [Fact]
    public async Task After_the_time_limit_no_further_length_is_measured()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        Func<Task> run = () => RunAsync(server, null, [32, 64], TimeSpan.Zero);

        await run.Should().ThrowAsync<CommandException>().WithMessage("32 tokens: the time limit of 0 s (--time) is over; 64 tokens:*");
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_an_error_of_one_sentence()
    {
        using NodeClient node = new(new("http://127.0.0.1:1"), null);
        BenchClient client = new(node);

        Func<Task> run = () => new Measurement(client, [32], 4, TimeSpan.FromMinutes(1), TimeProvider.System).RunAsync(null, null, CancellationToken.None);

        await run.Should().ThrowAsync<CommandException>().WithMessage("no node answers at http://127.0.0.1:1: start one with *");
    }

    [Fact]
    public async Task The_key_is_sent()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { ApiKey = "secret" });
        server.AddModel("m");
        using NodeClient stranger = new(server.Address, null), friend = new(server.Address, "secret");

        Func<Task> refused = () => new BenchClient(stranger).RunAsync("m", 10, 2, CancellationToken.None);

        (await refused.Should().ThrowAsync<CommandException>()).Which.Status.Should().Be(HttpStatusCode.Unauthorized);
        (await new BenchClient(friend).RunAsync("m", 10, 2, CancellationToken.None)).Row.OutputTokens.Should().Be(2);
    }

    private static async Task<BenchReport> RunAsync(TestServer server, string? model, int[] lengths, TimeSpan? time = null)
    {
        using NodeClient node = new(server.Address, null);
        BenchClient client = new(node);
        return await new Measurement(client, lengths, 4, time ?? TimeSpan.FromMinutes(1), TimeProvider.System).RunAsync(model, null, CancellationToken.None);
    }
}
