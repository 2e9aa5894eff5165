using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Monitoring;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Stored responses: reading, continuing, deleting and cancelling them, and responses in the background.</summary>
public sealed class StoredResponsesTests : IDisposable
{
    private const string Hi = """{"model":"m","input":"Hi"}""";
    private const string Background = """{"model":"m","input":"Hi","background":true}""";
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task A_response_is_stored_by_default_and_read_as_it_was_sent()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes", ".");

        (_, JsonElement sent) = await node.PostAsync("/v1/responses", Hi);
        (HttpStatusCode status, JsonElement read) = await node.GetAsync($"/v1/responses/{IdOf(sent)}");

        status.Should().Be(HttpStatusCode.OK);
        read.GetRawText().Should().Be(sent.GetRawText());
        sent.GetProperty("store").GetBoolean().Should().BeTrue();
    }

    [Fact]
    public async Task A_streamed_response_is_stored_as_its_last_event_has_it()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes", ".");

        using HttpResponseMessage response = await node.OpenAsync(HttpMethod.Post, "/v1/responses", """{"model":"m","input":"Hi","stream":true}""");
        string stream = await response.Content.ReadAsStringAsync();
        JsonElement last = JsonDocument.Parse(stream.Split("data: ")[^1]).RootElement.GetProperty("response");
        (_, JsonElement read) = await node.GetAsync($"/v1/responses/{IdOf(last)}");

        read.GetRawText().Should().Be(last.GetRawText());
        stream.Should().NotContain("id: 0", "only resumable streams have event ids");
    }

    [Theory]
    [InlineData("""{"model":"m","input":"Hi","store":false}""")]
    public async Task A_response_with_store_false_is_not_stored(string request)
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");

        (_, JsonElement sent) = await node.PostAsync("/v1/responses", request);

        sent.GetProperty("store").GetBoolean().Should().BeFalse();
        (await node.GetAsync($"/v1/responses/{IdOf(sent)}")).Status.Should().Be(HttpStatusCode.NotFound);
        Directory.GetFiles(node.Files).Should().BeEmpty();
    }

    [Fact]
    public async Task Without_a_store_background_is_refused_and_store_is_ignored()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine, static options => options with { StoreBytes = 0 });

        (HttpStatusCode status, JsonElement body) = await node.PostAsync("/v1/responses", Background);

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetProperty("message").GetString().Should().Contain("--store");
    }

    [Fact]
    public async Task A_response_continues_the_one_before_it()
    {
        List<string> prompts = [];
        await using StoringServer node = await StoringServer.StartAsync(Answering("Yes", prompts));

        (_, JsonElement first) = await node.PostAsync("/v1/responses", """{"model":"m","input":"One","instructions":"Be brief"}""");
        (_, JsonElement second) = await node.PostAsync("/v1/responses", $$"""{"model":"m","input":"Two","previous_response_id":"{{IdOf(first)}}"}""");
        await node.PostAsync("/v1/responses", $$"""{"model":"m","input":[{"role":"user","content":"Three"}],"previous_response_id":"{{IdOf(second)}}"}""");

        second.GetProperty("previous_response_id").GetString().Should().Be(IdOf(first));
        prompts.Should().Equal("[system:Be brief][user:One]", "[user:One][assistant:Yes][user:Two]", "[user:One][assistant:Yes][user:Two][assistant:Yes][user:Three]");
    }

    [Theory]
    [InlineData("""{"model":"m","input":"Two","previous_response_id":"resp_0"}""", "previous_response_id")]
    [InlineData("""{"model":"m","input":"Two","conversation":"conv_0"}""", "conversation")]
    [InlineData("""{"model":"m","input":"Two","conversation":{"id":"conv_0"},"previous_response_id":"resp_0"}""", "conversation")]
    [InlineData("""{"model":"m","input":"Two","conversation":7}""", "conversation")]
    [InlineData("""{"model":"m","input":"Two","background":true,"store":false}""", "store")]
    public async Task A_wrong_reference_is_refused_by_name(string request, string parameter)
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");

        (HttpStatusCode status, JsonElement body) = await node.PostAsync("/v1/responses", request);

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetProperty("param").GetString().Should().Be(parameter);
    }

    [Fact]
    public async Task Input_items_are_paged_with_the_newest_first()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement sent) = await node.PostAsync("/v1/responses", """{"model":"m","input":[{"role":"user","content":"1"},{"role":"assistant","content":"2"},{"role":"user","content":"3"}]}""");
        string path = $"/v1/responses/{IdOf(sent)}/input_items";

        (_, JsonElement page) = await node.GetAsync($"{path}?limit=2");
        (_, JsonElement rest) = await node.GetAsync($"{path}?limit=2&after={page.GetProperty("last_id").GetString()}");
        (_, JsonElement ascending) = await node.GetAsync($"{path}?order=asc");

        Texts(page).Should().Equal("3", "2");
        page.GetProperty("has_more").GetBoolean().Should().BeTrue();
        Texts(rest).Should().Equal("1");
        rest.GetProperty("has_more").GetBoolean().Should().BeFalse();
        Texts(ascending).Should().Equal("1", "2", "3");
        (await node.GetAsync($"{path}?limit=0")).Status.Should().Be(HttpStatusCode.BadRequest);
        (await node.GetAsync($"{path}?order=up")).Status.Should().Be(HttpStatusCode.BadRequest);
        (await node.GetAsync($"{path}?after=x")).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_deleted_response_is_gone()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement sent) = await node.PostAsync("/v1/responses", Hi);

        (_, JsonElement deleted) = await node.SendAsync(HttpMethod.Delete, $"/v1/responses/{IdOf(sent)}");

        deleted.GetProperty("deleted").GetBoolean().Should().BeTrue();
        (await node.GetAsync($"/v1/responses/{IdOf(sent)}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await node.SendAsync(HttpMethod.Delete, $"/v1/responses/{IdOf(sent)}")).Status.Should().Be(HttpStatusCode.NotFound);
        Directory.GetFiles(node.Files).Should().BeEmpty();
    }

    [Fact]
    public async Task Another_key_cannot_read_continue_or_delete_a_response()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement sent) = await node.SendAsync(HttpMethod.Post, "/v1/responses", Hi, "mine");
        string path = $"/v1/responses/{IdOf(sent)}";

        foreach (string? key in (string?[])[null, "other"])
        {
            (await node.SendAsync(HttpMethod.Get, path, key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Get, path + "/input_items", key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Delete, path, key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Post, path + "/cancel", key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Post, "/v1/responses", $$"""{"model":"m","input":"Two","previous_response_id":"{{IdOf(sent)}}"}""", key)).Status.Should().Be(HttpStatusCode.BadRequest);
        }

        (await node.SendAsync(HttpMethod.Get, path, key: "mine")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_response_in_the_background_is_queued_runs_and_is_complete()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);

        (HttpStatusCode status, JsonElement queued) = await node.PostAsync("/v1/responses", Background);
        FakeRun run = await _held.NextAsync();

        status.Should().Be(HttpStatusCode.OK);
        queued.GetProperty("status").GetString().Should().Be("queued");
        queued.GetProperty("background").GetBoolean().Should().BeTrue();
        await StatusAsync(node, IdOf(queued), "in_progress");
        ActiveRequests requests = node.Server.Services.GetRequiredService<ActiveRequests>();
        requests.WithModel.Should().ContainSingle("the request is active until its run ends").Which.Path.Should().Be("/v1/responses");
        await run.SendAsync("Yes");
        run.End(RunEndReason.Stop);
        JsonElement done = await StatusAsync(node, IdOf(queued), "completed");
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
        await StatusAsync(node, IdOf(queued), "completed");
    }

    [Fact]
    public async Task A_response_in_the_background_fails_if_the_queue_is_full()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine, static options => options with { QueueLength = 0 });
        Task<(HttpStatusCode, JsonElement)> running = node.PostAsync("/v1/responses", Hi);
        FakeRun run = await _held.NextAsync();

        (_, JsonElement queued) = await node.PostAsync("/v1/responses", Background);

        JsonElement failed = await StatusAsync(node, IdOf(queued), "failed");
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

        JsonElement failed = await StatusAsync(node, IdOf(queued), "failed");
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
        await StatusAsync(node, IdOf(queued), "in_progress");

        (HttpStatusCode status, JsonElement cancelled) = await node.SendAsync(HttpMethod.Post, $"/v1/responses/{IdOf(queued)}/cancel");
        run.End(RunEndReason.Cancelled);

        status.Should().Be(HttpStatusCode.OK);
        cancelled.GetProperty("status").GetString().Should().Be("cancelled");
        await EventuallyAsync(() => node.Server.IsIdle);
        (await node.GetAsync($"/v1/responses/{IdOf(queued)}")).Body.GetProperty("status").GetString().Should().Be("cancelled");
    }

    [Fact]
    public async Task Only_a_response_in_the_background_can_be_cancelled()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement sent) = await node.PostAsync("/v1/responses", Hi);

        (await node.SendAsync(HttpMethod.Post, $"/v1/responses/{IdOf(sent)}/cancel")).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_response_that_is_deleted_while_it_runs_does_not_come_back()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        (_, JsonElement queued) = await node.PostAsync("/v1/responses", Background);
        FakeRun run = await _held.NextAsync();

        (await node.SendAsync(HttpMethod.Delete, $"/v1/responses/{IdOf(queued)}")).Status.Should().Be(HttpStatusCode.OK);
        run.End(RunEndReason.Cancelled);
        await EventuallyAsync(() => node.Server.IsIdle);

        (await node.GetAsync($"/v1/responses/{IdOf(queued)}")).Status.Should().Be(HttpStatusCode.NotFound);
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
        string id = IdOf(JsonDocument.Parse(whole.Split("data: ")[^1]).RootElement.GetProperty("response"));

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

        (await node.GetAsync($"/v1/responses/{IdOf(sent)}")).Body.GetRawText().Should().Be(sent.GetRawText());
        using HttpResponseMessage stream = await node.OpenAsync(HttpMethod.Get, $"/v1/responses/{IdOf(sent)}?stream=true&starting_after=5");
        (await stream.Content.ReadAsStringAsync()).Should().StartWith("event: response.completed\n").And.Contain("\"sequence_number\":6");
    }

    [Fact]
    public async Task A_response_whose_client_leaves_is_cancelled()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        using HttpClient client = node.Server.NewClient();
        HttpResponseMessage response = await SendFirstAsync(node, client);
        string line = await new StreamReader(await response.Content.ReadAsStreamAsync()).ReadToLineAsync("data: ");
        string id = IdOf(JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("response"));

        response.Dispose();
        await EventuallyAsync(() => _held.Last.Aborted.IsCompleted);
        _held.Last.End(RunEndReason.Cancelled);

        await StatusAsync(node, id, "cancelled");
    }

    [Fact]
    public async Task Compact_is_refused_with_words()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");

        (HttpStatusCode status, JsonElement body) = await node.PostAsync("/v1/responses/compact", Hi);

        status.Should().Be(HttpStatusCode.BadRequest);
        body.GetProperty("error").GetProperty("message").GetString().Should().StartWith("compact is not supported");
    }

    private async Task<HttpResponseMessage> SendFirstAsync(StoringServer node, HttpClient client)
    {
        Task<HttpResponseMessage> sent = node.OpenAsync(HttpMethod.Post, "/v1/responses", """{"model":"m","input":"Hi","stream":true}""", client: client);
        FakeRun run = await _held.NextAsync();
        await run.SendAsync("Half");
        return await sent;
    }

    private static FakeEngine Answering(string text, List<string> prompts) => new()
    {
        Run = async run =>
        {
            prompts.Add(run.Prompt);
            await run.SendAsync(text);
            run.End(RunEndReason.Stop);
        },
    };

    private static async Task<JsonElement> StatusAsync(StoringServer node, string id, string status)
    {
        using CancellationTokenSource timeout = new(Patience);
        while (true)
        {
            (_, JsonElement body) = await node.GetAsync($"/v1/responses/{id}");
            if (body.GetProperty("status").GetString() == status)
                return body;
            await Task.Delay(10, timeout.Token);
        }
    }

    private static string IdOf(JsonElement response) => response.GetProperty("id").GetString()!;

    private static IEnumerable<string?> Texts(JsonElement list) =>
        list.GetProperty("data").EnumerateArray().Select(static item => item.GetProperty("content")[0].GetProperty("text").GetString());
}

internal static class LineReading
{
    /// <summary>Reads to the first line that starts with a text, and returns it.</summary>
    internal static async Task<string> ReadToLineAsync(this StreamReader reader, string start)
    {
        while (true)
        {
            string line = await reader.ReadLineAsync().WaitAsync(Patience) ?? throw new EndOfStreamException();
            if (line.StartsWith(start, StringComparison.Ordinal))
                return line;
        }
    }
}
