using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Pulls;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Pulls;

/// <summary>The client of a pull leaves before its end. The source answers never.</summary>
public sealed class LeavingClientTests : IDisposable
{
    private readonly TcpListener _source = new(IPAddress.Loopback, 0);

    public LeavingClientTests() => _source.Start();

    public void Dispose() => _source.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pull_ends_when_its_last_client_has_left(bool stream)
    {
        await using TestServer server = await TestServer.StartAsync();
        PullService pulls = server.Services.GetRequiredService<PullService>();
        string body = $$"""{"model":"m","from":"http://{{_source.LocalEndpoint}}","stream":{{(stream ? "true" : "false")}}}""";
        using (TcpClient client = new())
        {
            await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /api/pull HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
            using TcpClient asked = await _source.AcceptTcpClientAsync().WaitAsync(HeldRuns.Patience);
            pulls.Jobs.Should().ContainSingle();
            client.Close();

            await HeldRuns.EventuallyAsync(() => pulls.Jobs.Count == 0);
        }

        Directory.GetFileSystemEntries(server.Models).Should().BeEmpty();
    }

    [Theory]
    [InlineData("\"from_key\":\"a\\r\\nX: y\"", "from_key may have")]
    [InlineData("\"from_key\":\"a\\u0000\"", "from_key may have")]
    [InlineData("\"from_key\":\"ä\"", "from_key may have")]
    [InlineData("\"model\":\"/a\\u0000b\"", "no NUL")]
    [InlineData("\"model_name\":\"a\\u0000b\"", "cannot be a model's name")]
    public async Task Texts_that_are_not_valid_are_refused(string field, string words)
    {
        await using TestServer server = await TestServer.StartAsync();
        string start = field.Contains("\"model\"", StringComparison.Ordinal) ? "" : $"\"model\":\"m\",\"from\":\"http://{_source.LocalEndpoint}\",";

        (HttpStatusCode status, System.Text.Json.JsonElement reply) = await server.PostJsonAsync("/api/pull", $"{{{start}{field},\"stream\":false}}");

        status.Should().Be(HttpStatusCode.BadRequest, "{0}", reply);
        reply.GetProperty("error").GetString().Should().Contain(words);
    }

    [Fact]
    public async Task A_hostile_size_is_no_space()
    {
        await using TestServer server = await TestServer.StartAsync();
        Task<(HttpStatusCode Status, System.Text.Json.JsonElement Body)> pull =
            server.PostJsonAsync("/api/pull", $$"""{"model":"m","from":"http://{{_source.LocalEndpoint}}","stream":false}""");
        using TcpClient asked = await _source.AcceptTcpClientAsync().WaitAsync(HeldRuns.Patience);
        const string list = """{"revision":"r","model_file":"m.rkllm","files":[{"path":"m.rkllm","size":9223372036854775807,"etag":"a"},{"path":"tokenizer.json","size":9223372036854775807,"etag":"a"}]}""";
        await asked.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {list.Length}\r\nConnection: close\r\n\r\n{list}"));

        (HttpStatusCode status, System.Text.Json.JsonElement reply) = await pull.WaitAsync(HeldRuns.Patience);

        status.Should().Be(HttpStatusCode.InsufficientStorage, "{0}", reply);
        Directory.GetFileSystemEntries(server.Models).Should().BeEmpty();
    }
}
