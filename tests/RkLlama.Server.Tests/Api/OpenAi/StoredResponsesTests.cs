using System.Net;
using System.Text.Json;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.OpenAi;

/// <summary>Stored responses: reading, continuing and deleting them.</summary>
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
        (HttpStatusCode status, JsonElement read) = await node.GetAsync($"/v1/responses/{StoringServer.IdOf(sent)}");

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
        (_, JsonElement read) = await node.GetAsync($"/v1/responses/{StoringServer.IdOf(last)}");

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
        (await node.GetAsync($"/v1/responses/{StoringServer.IdOf(sent)}")).Status.Should().Be(HttpStatusCode.NotFound);
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
        (_, JsonElement second) = await node.PostAsync("/v1/responses", $$"""{"model":"m","input":"Two","previous_response_id":"{{StoringServer.IdOf(first)}}"}""");
        await node.PostAsync("/v1/responses", $$"""{"model":"m","input":[{"role":"user","content":"Three"}],"previous_response_id":"{{StoringServer.IdOf(second)}}"}""");

        second.GetProperty("previous_response_id").GetString().Should().Be(StoringServer.IdOf(first));
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
        string path = $"/v1/responses/{StoringServer.IdOf(sent)}/input_items";

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

        (_, JsonElement deleted) = await node.SendAsync(HttpMethod.Delete, $"/v1/responses/{StoringServer.IdOf(sent)}");

        deleted.GetProperty("deleted").GetBoolean().Should().BeTrue();
        (await node.GetAsync($"/v1/responses/{StoringServer.IdOf(sent)}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await node.SendAsync(HttpMethod.Delete, $"/v1/responses/{StoringServer.IdOf(sent)}")).Status.Should().Be(HttpStatusCode.NotFound);
        Directory.GetFiles(node.Files).Should().BeEmpty();
    }

    [Fact]
    public async Task Another_key_cannot_read_continue_or_delete_a_response()
    {
        await using StoringServer node = await StoringServer.StartAsync("Yes");
        (_, JsonElement sent) = await node.SendAsync(HttpMethod.Post, "/v1/responses", Hi, "mine");
        string path = $"/v1/responses/{StoringServer.IdOf(sent)}";

        foreach (string? key in (string?[])[null, "other"])
        {
            (await node.SendAsync(HttpMethod.Get, path, key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Get, path + "/input_items", key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Delete, path, key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Post, path + "/cancel", key: key)).Status.Should().Be(HttpStatusCode.NotFound);
            (await node.SendAsync(HttpMethod.Post, "/v1/responses", $$"""{"model":"m","input":"Two","previous_response_id":"{{StoringServer.IdOf(sent)}}"}""", key)).Status.Should().Be(HttpStatusCode.BadRequest);
        }

        (await node.SendAsync(HttpMethod.Get, path, key: "mine")).Status.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_response_whose_client_leaves_is_cancelled()
    {
        await using StoringServer node = await StoringServer.StartAsync(_held.Engine);
        using HttpClient client = node.Server.NewClient();
        HttpResponseMessage response = await SendFirstAsync(node, client);
        string line = await new StreamReader(await response.Content.ReadAsStreamAsync()).ReadToLineAsync("data: ");
        string id = StoringServer.IdOf(JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("response"));

        response.Dispose();
        await EventuallyAsync(() => _held.Last.Aborted.IsCompleted);
        _held.Last.End(RunEndReason.Cancelled);

        await node.UntilStatusAsync(id, "cancelled");
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
