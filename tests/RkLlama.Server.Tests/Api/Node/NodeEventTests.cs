using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Tests.Support;
using RkLlama.Native;
using RkLlama.Server.Api.Node.Events;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Api.Node;

/// <summary>The stream of events of a node.</summary>
public sealed class NodeEventTests : IDisposable
{
    private readonly HeldRuns _held = new();

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task The_stream_begins_with_a_snapshot_and_continues_with_the_state()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.LoadAsync();

        using EventStream events = await EventStream.OpenAsync(server);
        JsonElement snapshot = await events.NextAsync("snapshot"), status = await events.NextAsync("status");

        events.Response.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
        snapshot.GetProperty("status").GetProperty("state").GetString().Should().Be("loaded");
        snapshot.GetProperty("samples").GetArrayLength().Should().Be(1, "a look takes a sample at once");
        snapshot.GetProperty("requests").GetArrayLength().Should().Be(0);
        snapshot.GetProperty("log").GetArrayLength().Should().Be(0);
        status.GetProperty("models")[0].GetProperty("name").GetString().Should().Be("m");
    }

    [Fact]
    public async Task The_stream_tells_the_queue_and_the_end_of_a_request()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine);
        await server.LoadAsync();
        using EventStream events = await EventStream.OpenAsync(server);
        await events.NextAsync("snapshot");

        Task<HttpResponseMessage> running = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();
        JsonElement queue = await events.NextAsync("queue");
        run.End(RunEndReason.Stop);
        JsonElement request = await events.NextAsync("request");

        queue.GetProperty("running").GetInt32().Should().Be(1);
        queue.GetProperty("requests").GetArrayLength().Should().Be(1);
        request.GetProperty("api").GetString().Should().Be("rkllama");
        (await running).Dispose();
    }

    [Fact]
    public async Task Further_readers_than_sixteen_get_503_until_one_leaves()
    {
        await using TestServer server = await TestServer.StartAsync();
        List<EventStream> streams = [];
        for (int address = 2; streams.Count < EventHub.MaxReaders; address++)
        {
            for (int i = 0; i < EventHub.MaxReadersPerAddress; i++)
                streams.Add(await OpenFromAsync(server, address));
        }

        (HttpStatusCode refused, JsonElement body) = await server.GetJsonAsync("/node/events");
        streams[0].Dispose();
        await EventuallyAsync(() =>
        {
            using EventStream again = EventStream.OpenAsync(server).GetAwaiter().GetResult();
            return again.Response.StatusCode == HttpStatusCode.OK;
        });

        refused.Should().Be(HttpStatusCode.ServiceUnavailable);
        body.GetProperty("error").GetString().Should().Contain("16");
        streams.ForEach(static stream => stream.Dispose());
    }

    [Fact]
    public async Task Further_readers_of_one_address_than_four_get_503_and_others_can_still_read()
    {
        await using TestServer server = await TestServer.StartAsync();
        List<EventStream> streams = [];
        for (int i = 0; i < EventHub.MaxReadersPerAddress; i++)
            streams.Add(await OpenFromAsync(server, 2));

        using EventStream refused = await OpenFromAsync(server, 2), other = await OpenFromAsync(server, 3);
        streams[0].Dispose();
        await EventuallyAsync(() =>
        {
            using EventStream again = OpenFromAsync(server, 2).GetAwaiter().GetResult();
            return again.Response.StatusCode == HttpStatusCode.OK;
        });

        (refused.Response.StatusCode, other.Response.StatusCode).Should().Be((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK));
        refused.Response.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(10));
        (await refused.ReadToEndAsync()).Should().Contain("4 pages").And.Contain("address");
        streams.ForEach(static stream => stream.Dispose());
    }

    [Fact]
    public async Task The_stream_ends_when_the_server_stops()
    {
        await using TestServer server = await TestServer.StartAsync();
        using EventStream events = await EventStream.OpenAsync(server);
        await events.NextAsync("snapshot");

        server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        await events.ReadToEndAsync();
    }

    [Fact]
    public async Task A_stream_that_waits_tells_its_place_in_its_keep_alives()
    {
        await using TestServer server = await TestServer.StartAsync(_held.Engine, static options => options with { StreamKeepAliveInterval = TimeSpan.FromMilliseconds(50) });
        await server.LoadAsync();
        Task<HttpResponseMessage> running = server.PostAsync("/generate", Hello);
        FakeRun run = await _held.NextAsync();

        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(HelloStream) };
        using HttpResponseMessage waiting = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using StreamReader reader = new(await waiting.Content.ReadAsStreamAsync());
        string? line = await reader.ReadLineAsync().WaitAsync(Patience);

        line.Should().MatchRegex("^: queue position=1 wait_seconds=[0-9]+$");
        run.End(RunEndReason.Stop);
        (await _held.NextAsync()).End(RunEndReason.Stop);
        (await running).Dispose();
        (await reader.ReadToEndAsync()).Should().Contain("[DONE]");
    }

    /// <summary>Opens a stream from the address 127.0.0.N.</summary>
    private static async Task<EventStream> OpenFromAsync(TestServer server, int address)
    {
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse($"127.0.0.{address}"), 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
            MaxResponseDrainSize = 0,
        };
        return await EventStream.OpenAsync(server, new HttpClient(handler) { BaseAddress = server.Address });
    }
}
