using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Http;

/// <summary>A failed run and a crashed worker give errors, never a successful answer.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task A_failed_run_is_never_an_empty_answer()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();

        Task<(HttpStatusCode Status, JsonElement Body)> request = server.PostJsonAsync("/generate", Hello);
        (await _held.NextAsync()).End(RunEndReason.Error, "matmul(w8a8) run failed");

        (await request).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await request).Body.GetProperty("error").GetString().Should().Contain("matmul");
    }

    [Fact]
    public async Task A_stream_that_fails_before_its_first_token_is_a_status()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();

        Task<HttpResponseMessage> request = server.PostAsync("/generate", HelloStream);
        (await _held.NextAsync()).End(RunEndReason.Error, "boom");

        (await request).StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await TestServer.JsonAsync(await request)).GetProperty("error").GetString().Should().Contain("boom");
    }

    [Fact]
    public async Task A_stream_that_fails_later_ends_with_an_error_line_and_a_cut()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using HttpRequestMessage request = new(HttpMethod.Post, "/generate") { Content = new StringContent(HelloStream) };
        Task<HttpResponseMessage> sending = server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("one");
        using HttpResponseMessage response = await sending;
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
        string? first = await reader.ReadLineAsync();

        run.End(RunEndReason.Error, "boom");
        string? last = await reader.ReadLineAsync();
        Func<Task> rest = () => reader.ReadLineAsync();

        first.Should().Contain("\"one\"");
        JsonDocument.Parse(last!).RootElement.GetProperty("error").GetString().Should().Contain("boom");
        await rest.Should().ThrowAsync<IOException>();
        server.Log.Should().NotContain("   at ");
    }

    [Fact]
    public async Task When_the_worker_dies_the_run_fails_and_the_next_request_waits_for_a_new_worker()
    {
        FakeEngine engine = _held.Engine;
        await using TestServer server = await TestServer.StartAsync(engine);
        await server.LoadAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> running = server.PostJsonAsync("/generate", Hello);
        await _held.NextAsync();

        engine.Sessions[0].Crash("the worker was killed by SIGSEGV");

        (await running).Status.Should().Be(HttpStatusCode.InternalServerError);
        (await running).Body.GetProperty("error").GetString().Should().Contain("SIGSEGV");
        Task<(HttpStatusCode Status, JsonElement Body)> next = server.PostJsonAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("back");
        run.End(RunEndReason.Stop);
        Content((await next).Body).Should().Be("back");
        engine.Sessions.Should().HaveCount(2);
        (await server.GetJsonAsync("/current_model")).Status.Should().Be(HttpStatusCode.OK);
    }
}
