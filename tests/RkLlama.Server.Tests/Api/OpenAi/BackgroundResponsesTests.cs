using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Monitoring;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Responses in the background: their states, their streams, and cancelling them.</summary>
public sealed class BackgroundResponsesTests : IDisposable
{
    private const string Hi = """{"model":"m","input":"Hi"}""";
    private const string Background = """{"model":"m","input":"Hi","background":true}""";
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task A_response_in_the_background_is_queued_runs_and_is_complete()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);

        (HttpStatusCode status, JsonElement queued) = await node.PostAsync("/v1/responses", Background);
        FakeRun run = await _held.NextAsync();

        status.Should().Be(HttpStatusCode.OK);
        queued.GetProperty("status").GetString().Should().Be("queued");
        queued.GetProperty("background").GetBoolean().Should().BeTrue();
        await node.UntilStatusAsync(StoringServer.IdOf(queued), "in_progress");
        ActiveRequests requests = node.Server.Services.GetRequiredService<ActiveRequests>();
        requests.WithModel.Should().ContainSingle("the request is active until its run ends").Which.Path.Should().Be("/v1/responses");
        await run.SendAsync("Yes");
        run.End(RunEndReason.Stop);
        JsonElement done = await node.UntilStatusAsync(StoringServer.IdOf(queued), "completed");
        done.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString().Should().Be("Yes");
        await EventuallyAsync(() => requests.WithModel.Count == 0);
        node.Server.Services.GetRequiredService<RequestHistory>().All.Should().ContainSingle().Which.Finish.Should().Be("stop");
    }

    [Fact]
    public async Task A_response_in_the_background_gives_way_to_a_later_request()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        Task<(HttpStatusCode, JsonElement)> running = node.PostAsync("/v1/responses", Hi);
        FakeRun first = await _held.NextAsync();
        (_, JsonElement queued) = await node.PostAsync("/v1/responses", Background.Replace("Hi", "Background", StringComparison.Ordinal));
        await EventuallyAsync(() => node.Server.QueueLength == 1);
        Task<(HttpStatusCode, JsonElement)> person = node.PostAsync("/v1/responses", Hi.Replace("Hi", "Person", StringComparison.Ordinal));
        await EventuallyAsync(() => node.Server.QueueLength == 2);

        first.End(RunEndReason.Stop);
        FakeRun second = await _held.NextAsync();
        second.End(RunEndReason.Stop);
        FakeRun third = await _held.NextAsync();
        third.End(RunEndReason.Stop);

        second.Prompt.Should().Contain("Person");
        third.Prompt.Should().Contain("Background");
        await Task.WhenAll(running, person);
        await node.UntilStatusAsync(StoringServer.IdOf(queued), "completed");
    }

    [Fact]
    public async Task A_response_in_the_background_fails_if_the_queue_is_full()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine, static options => options with { QueueLength = 0 });
        Task<(HttpStatusCode, JsonElement)> running = node.PostAsync("/v1/responses", Hi);
        FakeRun run = await _held.NextAsync();

        (_, JsonElement queued) = await node.PostAsync("/v1/responses", Background);

        JsonElement failed = await node.UntilStatusAsync(StoringServer.IdOf(queued), "failed");
        failed.GetProperty("error").GetProperty("code").GetString().Should().Be("queue_full");
        run.End(RunEndReason.Stop);
        await running;
    }

    [Fact]
    public async Task A_response_in_the_background_that_fails_has_its_reason()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (_, JsonElement queued) = await node.PostAsync("/v1/responses", Background);

        FakeRun run = await _held.NextAsync();
        await run.SendAsync("Half");
        run.End(RunEndReason.Error, "the NPU is gone");

        JsonElement failed = await node.UntilStatusAsync(StoringServer.IdOf(queued), "failed");
        failed.GetProperty("error").GetProperty("message").GetString().Should().Contain("NPU is gone");
        failed.GetProperty("output")[0].GetProperty("status").GetString().Should().Be("incomplete");
    }

    [Fact]
    public async Task A_cancelled_response_keeps_what_it_has()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (_, JsonElement queued) = await node.PostAsync("/v1/responses", Background);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("Half");
        await node.UntilStatusAsync(StoringServer.IdOf(queued), "in_progress");

        (HttpStatusCode status, JsonElement cancelled) = await node.SendAsync(HttpMethod.Post, $"/v1/responses/{StoringServer.IdOf(queued)}/cancel");
        run.End(RunEndReason.Cancelled);

        status.Should().Be(HttpStatusCode.OK);
        cancelled.GetProperty("status").GetString().Should().Be("cancelled");
        await EventuallyAsync(() => node.Server.IsIdle);
        (await node.GetAsync($"/v1/responses/{StoringServer.IdOf(queued)}")).Body.GetProperty("status").GetString().Should().Be("cancelled");
    }

    [Fact]
    public async Task Only_a_response_in_the_background_can_be_cancelled()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement sent) = await node.PostAsync("/v1/responses", Hi);

        (await node.SendAsync(HttpMethod.Post, $"/v1/responses/{StoringServer.IdOf(sent)}/cancel")).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_response_that_is_deleted_while_it_runs_does_not_come_back()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (_, JsonElement queued) = await node.PostAsync("/v1/responses", Background);
        FakeRun run = await _held.NextAsync();

        (await node.SendAsync(HttpMethod.Delete, $"/v1/responses/{StoringServer.IdOf(queued)}")).Status.Should().Be(HttpStatusCode.OK);
        run.End(RunEndReason.Cancelled);
        await EventuallyAsync(() => node.Server.IsIdle);

        (await node.GetAsync($"/v1/responses/{StoringServer.IdOf(queued)}")).Status.Should().Be(HttpStatusCode.NotFound);
        Directory.GetFiles(node.Files).Should().BeEmpty();
    }

    [Fact]
    public async Task A_stream_in_the_background_is_read_again_and_from_its_middle()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        using HttpResponseMessage first = await node.OpenAsync(HttpMethod.Post, "/v1/responses", """{"model":"m","input":"Hi","background":true,"stream":true}""");
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("Yes");
        run.End(RunEndReason.Stop);
        string whole = await first.Content.ReadAsStringAsync();
        string id = StoringServer.IdOf(JsonDocument.Parse(whole.Split("data: ")[^1]).RootElement.GetProperty("response"));

        using HttpResponseMessage again = await node.OpenAsync(HttpMethod.Get, $"/v1/responses/{id}?stream=true");
        using HttpResponseMessage rest = await node.OpenAsync(HttpMethod.Get, $"/v1/responses/{id}?stream=true&starting_after=3");

        (await again.Content.ReadAsStringAsync()).Should().Be(whole);
        string end = await rest.Content.ReadAsStringAsync();
        end.Should().StartWith("id: 4\n").And.Contain("\"sequence_number\":4");
        whole.Should().EndWith(end);
        (await node.GetAsync($"/v1/responses/{id}?stream=true&starting_after=999")).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task After_a_restart_a_complete_response_is_there_and_its_stream_has_the_last_event()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement sent) = await node.PostAsync("/v1/responses", Hi);

        await node.RestartAsync();

        (await node.GetAsync($"/v1/responses/{StoringServer.IdOf(sent)}")).Body.GetRawText().Should().Be(sent.GetRawText());
        using HttpResponseMessage stream = await node.OpenAsync(HttpMethod.Get, $"/v1/responses/{StoringServer.IdOf(sent)}?stream=true&starting_after=5");
        (await stream.Content.ReadAsStringAsync()).Should().StartWith("event: response.completed\n").And.Contain("\"sequence_number\":6");
    }
}
