using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using RkLlama.EndToEnd.Tests.Support;

namespace RkLlama.EndToEnd.Tests;

/// <summary>The page of the published executable, and the endpoints that it reads.</summary>
public sealed partial class PageTests
{
    [Fact]
    public async Task The_executable_has_the_page_with_all_files_that_it_names()
    {
        await using Node node = await Node.StartAsync(null);

        using HttpResponseMessage page = await GetAsync(node, "/ui/", "gzip");
        string html = await (await GetAsync(node, "/ui/")).Content.ReadAsStringAsync();
        string[] files = [.. File.Matches(html).Select(static match => match.Groups[1].Value)];

        page.StatusCode.Should().Be(HttpStatusCode.OK);
        page.Content.Headers.ContentEncoding.Should().Equal("gzip");
        page.Headers.GetValues("Content-Security-Policy").Single().Should().StartWith("default-src 'none'; script-src 'self';");
        html.Should().NotContain("<script>").And.NotContain("http://").And.NotContain("https://");
        files.Should().Contain(static file => file.EndsWith(".js", StringComparison.Ordinal)).And.Contain(static file => file.EndsWith(".css", StringComparison.Ordinal));
        foreach (string file in files)
            (await GetAsync(node, "/ui/" + file)).StatusCode.Should().Be(HttpStatusCode.OK, file);
    }

    [Fact]
    public async Task A_page_of_a_rebound_name_reads_nothing()
    {
        await using Node node = await Node.StartAsync(null);

        foreach (string path in (string[])["/", "/ui/", "/models", "/npu", "/metrics", "/node/status", "/node/requests", "/node/events"])
            (await GetAsync(node, path, host: "evil.example")).StatusCode.Should().Be(HttpStatusCode.Forbidden, path);
    }

    [Fact]
    public async Task The_events_show_a_run_and_its_figures()
    {
        await using Node node = await Node.StartAsync("1.2.3");
        await node.LoadAsync();
        using HttpResponseMessage response = await node.Client.GetAsync(new Uri("/node/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using StreamReader events = new(await response.Content.ReadAsStreamAsync());

        JsonElement snapshot = await NextAsync(events, "snapshot");
        await node.AskAsync("!count 30");
        JsonElement request = await NextAsync(events, "request"), status = await NextAsync(events, "status");

        snapshot.GetProperty("status").GetProperty("models")[0].GetProperty("name").GetString().Should().Be("demo");
        (request.GetProperty("finish").GetString(), request.GetProperty("output_tokens").GetInt32()).Should().Be(("stop", 30));
        request.GetProperty("decode_tokens_per_second").GetDouble().Should().BePositive();
        status.GetProperty("rates").GetProperty("decode_tokens_per_second").GetDouble().Should().BePositive();
        status.GetProperty("models")[0].GetProperty("load_seconds").GetDouble().Should().BePositive();
    }

    [Fact]
    public async Task A_node_with_an_open_page_stops_without_waiting_for_it()
    {
        await using Node node = await Node.StartAsync(null);
        using HttpResponseMessage response = await node.Client.GetAsync(new Uri("/node/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using StreamReader events = new(await response.Content.ReadAsStreamAsync());
        await NextAsync(events, "snapshot");

        node.Signal("TERM");

        (await node.WaitForExitAsync()).Should().Be(0);
    }

    private static async Task<JsonElement> NextAsync(StreamReader events, string name)
    {
        using CancellationTokenSource timeout = new(Node.Patience);
        while (await events.ReadLineAsync(timeout.Token) != $"event: {name}")
        {
            // Another event or its data.
        }

        return JsonDocument.Parse((await events.ReadLineAsync(timeout.Token))!["data: ".Length..]).RootElement;
    }

    private static async Task<HttpResponseMessage> GetAsync(Node node, string path, string? encoding = null, string? host = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (encoding is not null)
            request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        request.Headers.Host = host;
        return await node.Client.SendAsync(request);
    }

    [GeneratedRegex("(?:src|href)=\"(?:\\./)?([^\":]+)\"")]
    private static partial Regex File { get; }
}
