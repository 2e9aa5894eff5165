using System.Net;
using System.Text.Json;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>Answers that outlive their connection, and the process, with the published executable.</summary>
public sealed class StoredAnswerTests : IDisposable
{
    private const string Long = "!sleep 50 2000";
    private readonly string _state = Directory.CreateTempSubdirectory("rkllama-state-").FullName;

    private string Files => Path.Join(_state, "rkllama", "responses");

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task A_run_that_was_killed_is_failed_with_a_reason_after_the_restart()
    {
        string id, done;
        await using (Node first = await StartAsync())
        {
            done = await CreateAsync(first, "!echo done", "");
            id = await CreateAsync(first, Long, ",\"background\":true");
            await StatusAsync(first, id, "in_progress");
            first.Signal("KILL");
            await first.WaitForExitAsync();
        }

        await using Node second = await StartAsync();
        (HttpStatusCode status, JsonElement failed) = await second.GetJsonAsync($"/v1/responses/{id}");
        (_, JsonElement items) = await second.GetJsonAsync($"/v1/responses/{id}/input_items");

        status.Should().Be(HttpStatusCode.OK);
        failed.GetProperty("status").GetString().Should().Be("failed");
        failed.GetProperty("error").GetProperty("message").GetString().Should().Contain("server stopped");
        items.GetProperty("data")[0].GetProperty("content")[0].GetProperty("text").GetString().Should().Be(Long);
        (await second.GetJsonAsync($"/v1/responses/{done}")).Body.GetProperty("status").GetString().Should().Be("completed");
    }

    [Fact]
    public async Task A_stop_stores_the_reason_of_a_run_that_it_cut()
    {
        string id;
        await using (Node first = await StartAsync("--drain", "0"))
        {
            id = await CreateAsync(first, Long, ",\"background\":true");
            await StatusAsync(first, id, "in_progress");
            first.Signal("TERM");
            (await first.WaitForExitAsync()).Should().Be(0);
        }

        await using Node second = await StartAsync();
        (_, JsonElement failed) = await second.GetJsonAsync($"/v1/responses/{id}");

        failed.GetProperty("status").GetString().Should().Be("failed");
        failed.GetProperty("error").GetProperty("message").GetString().Should().NotBeEmpty();
    }

    [Fact]
    public async Task A_client_leaves_and_reads_the_rest_of_its_stream()
    {
        await using Node node = await StartAsync();
        string body = """{"model":"demo","stream":true,"messages":[{"role":"user","content":"!sleep 5 100"}]}""";
        string seen = "";
        using (HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body) })
        {
            request.Headers.Add("X-Conversation-Id", "c1");
            using HttpResponseMessage response = await node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
            for (string? line = ""; !line.StartsWith("id: 5", StringComparison.Ordinal); line = (await reader.ReadLineAsync())!)
                seen += line + "\n";
        }

        using HttpRequestMessage resume = new(HttpMethod.Get, "/v1/stream/c1");
        resume.Headers.Add("Last-Event-ID", "4");
        using HttpResponseMessage resumed = await node.Client.SendAsync(resume);
        using HttpResponseMessage whole = await node.Client.GetAsync(new Uri("/v1/stream/c1", UriKind.Relative));

        string rest = await resumed.Content.ReadAsStringAsync();
        rest.Should().StartWith("id: 5\n").And.EndWith("data: [DONE]\n\n");
        (seen.TrimStart() + rest).Should().Be(await whole.Content.ReadAsStringAsync());
        node.Trace("rkllm_abort").Should().BeEmpty();
    }

    [Fact]
    public async Task Two_clients_read_one_response_in_the_background_and_its_deletion_cuts_both()
    {
        await using Node node = await StartAsync();
        string id = await CreateAsync(node, Long, ",\"background\":true");
        await StatusAsync(node, id, "in_progress");
        using HttpResponseMessage one = await OpenAsync(node, id), other = await OpenAsync(node, id);
        using StreamReader first = new(await one.Content.ReadAsStreamAsync()), second = new(await other.Content.ReadAsStreamAsync());
        for (int line = 0; line < 20; line++)
            (await first.ReadLineAsync()).Should().Be(await second.ReadLineAsync());

        using HttpResponseMessage deleted = await node.Client.DeleteAsync(new Uri($"/v1/responses/{id}", UriKind.Relative));

        deleted.StatusCode.Should().Be(HttpStatusCode.OK);
        foreach (StreamReader reader in (StreamReader[])[first, second])
            await FluentActions.Awaiting(() => reader.ReadToEndAsync()).Should().ThrowAsync<IOException>();
        (await node.GetJsonAsync($"/v1/responses/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        await node.EventuallyAsync(() => node.Trace("rkllm_abort").Count == 1, "the run should be aborted");
        Directory.GetFiles(Files).Should().BeEmpty();
    }

    [Fact]
    public async Task A_damaged_file_is_reported_and_deleted()
    {
        string id;
        await using (Node first = await StartAsync())
        {
            id = await CreateAsync(first, "!echo x", "");
            await first.EventuallyAsync(() => Directory.GetFiles(Files, "*.answer").Length == 1, "the answer should be written");
        }

        string file = Directory.GetFiles(Files, "*.answer").Single();
        File.WriteAllText(file, "damaged");

        await using Node second = await StartAsync();
        (HttpStatusCode status, _) = await second.GetJsonAsync($"/v1/responses/{id}");

        status.Should().Be(HttpStatusCode.NotFound);
        File.Exists(file).Should().BeFalse();
        second.Log.Should().Contain("1 stored answers were damaged");
    }

    [Fact]
    public async Task The_files_are_for_the_owner_only_and_within_the_bound_and_store_0_deletes_them()
    {
        await using (Node node = await StartAsync("--store", "64K"))
        {
            for (int i = 0; i < 40; i++)
                await CreateAsync(node, $"!echo {i}", "");
            await node.EventuallyAsync(() => Bytes() is > 0 and <= 64 << 10, "old answers should be deleted");
        }

        Directory.GetFiles(Files, "*.answer").Should().HaveCountGreaterThan(5).And.AllSatisfy(
            static file => new FileInfo(file).UnixFileMode.Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite));

        await using Node without = await StartAsync("--store", "0");
        Directory.GetFiles(Files).Should().BeEmpty();
        (_, JsonElement sent) = await without.PostJsonAsync("/v1/responses", """{"model":"demo","input":"!echo x"}""");
        sent.GetProperty("store").GetBoolean().Should().BeFalse();

        // The server writes and deletes files meanwhile.
        long Bytes() => Directory.GetFiles(Files, "*.answer").Select(static file => new FileInfo(file)).Where(static file => file.Exists).Sum(static file => (file.Length + 4095) / 4096 * 4096);
    }

    private async Task<Node> StartAsync(params string[] arguments)
    {
        Node node = await Node.StartAsync("1.2.3", ["--port", "0", .. arguments], ("XDG_STATE_HOME", _state), ("STATE_DIRECTORY", null));
        node.AddModel("demo");
        return node;
    }

    private static Task<HttpResponseMessage> OpenAsync(Node node, string id) =>
        node.Client.GetAsync(new Uri($"/v1/responses/{id}?stream=true", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);

    private static async Task<string> CreateAsync(Node node, string input, string more)
    {
        (HttpStatusCode status, JsonElement body) = await node.PostJsonAsync("/v1/responses", $$"""{"model":"demo","input":"{{input}}"{{more}}}""");
        status.Should().Be(HttpStatusCode.OK);
        return body.GetProperty("id").GetString()!;
    }

    private static async Task StatusAsync(Node node, string id, string status)
    {
        using CancellationTokenSource timeout = new(Node.Patience);
        while ((await node.GetJsonAsync($"/v1/responses/{id}")).Body.GetProperty("status").GetString() != status)
            await Task.Delay(20, timeout.Token);
    }
}
