using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Connections;
using RkLlama.Server.Tests.Support;

namespace RkLlama.Server.Tests.Connections;

/// <summary>Silent connections and many connections of one address do not lock out other clients.</summary>
public sealed class ConnectionLimitTests
{
    // The default number of connections above the limit.
    private const int Reserve = 32;

    private static readonly IPAddress Other = IPAddress.Parse("127.0.0.2");

    [Fact]
    public async Task One_address_has_at_most_half_of_the_connections()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { MaxConnections = 4 });
        using TcpClient first = await ConnectAsync(server), second = await ConnectAsync(server);
        (await AskAsync(first, "/models")).Should().StartWith("HTTP/1.1 200");
        (await AskAsync(second, "/models")).Should().StartWith("HTTP/1.1 200");

        using TcpClient third = await ConnectAsync(server), fourth = await ConnectAsync(server), other = await ConnectAsync(server, Other);

        (await AskAsync(third, "/models")).Should().StartWith("HTTP/1.1 503").And.Contain("2 from your address");
        (await AskAsync(fourth, "/health")).Should().StartWith("HTTP/1.1 200");
        (await AskAsync(other, "/models")).Should().StartWith("HTTP/1.1 200");
    }

    [Fact]
    public async Task One_address_cannot_take_the_connections_for_health_checks_and_refusals_are_counted_and_logged_once()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { MaxConnections = 4 }, time: new FakeTimeProvider());
        ConnectionLimiter limiter = server.Services.GetRequiredService<ConnectionLimiter>();
        const int accepted = 2 + (Reserve / 2);
        List<TcpClient> held = [];
        for (int i = 0; i < accepted; i++)
            held.Add(await ConnectAsync(server));
        await HeldRuns.EventuallyAsync(() => limiter.Open == accepted); // the server may count connections in another order than they are made
        for (int i = 0; i < 10; i++)
            held.Add(await ConnectAsync(server));
        foreach (TcpClient client in held.Skip(accepted))
            (await AskAsync(client, "/health")).Should().BeEmpty();

        using TcpClient other = await ConnectAsync(server, Other);
        (await AskAsync(other, "/models")).Should().StartWith("HTTP/1.1 200");
        limiter.Open.Should().Be(accepted + 1);
        (await AskAsync(other, "/metrics")).Should().Contain("rkllama_connections_refused_total 10\n");
        server.Log.Split("Connections refused: ").Should().HaveCount(2);
        held.ForEach(static client => client.Dispose());
        await HeldRuns.EventuallyAsync(() => limiter.Open == 1);
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("fe80::1%2", "fe80::")]
    public void Addresses_that_one_machine_can_choose_count_as_one(string address, string key) =>
        ConnectionLimiter.KeyOf(new IPEndPoint(IPAddress.Parse(address), 1)).Should().Be(IPAddress.Parse(key));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_connection_without_a_request_is_closed_and_one_with_a_request_stays_whatever_the_system_time_is(int hours)
    {
        SettableTime time = new();
        await using TestServer server = await TestServer.StartAsync(time: time);
        ConnectionLimiter limiter = server.Services.GetRequiredService<ConnectionLimiter>();
        using TcpClient silent = await ConnectAsync(server), half = await ConnectAsync(server), active = await ConnectAsync(server);
        await half.GetStream().WriteAsync("GET /models HTTP/1.1\r\nHost: x\r\n"u8.ToArray());
        (await AskAsync(active, "/models")).Should().StartWith("HTTP/1.1 200");
        await HeldRuns.EventuallyAsync(() => limiter.Open == 3);
        time.Shift = TimeSpan.FromHours(hours);
        time.Advance(FirstRequestTimeout.Limit - TimeSpan.FromSeconds(1));
        (await AskAsync(active, "/models")).Should().StartWith("HTTP/1.1 200");
        limiter.Open.Should().Be(3);

        time.Advance(TimeSpan.FromSeconds(1));

        await HeldRuns.EventuallyAsync(() => limiter.Open == 1);
        (await AskAsync(silent, "/models")).Should().BeEmpty();
        (await AskAsync(active, "/models")).Should().StartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData("Content-Length: +2\r\n\r\n{}")]
    [InlineData("Content-Length: 0000000000000000000000000002\r\n\r\n{}")]
    [InlineData("Content-Length: 2, 2\r\n\r\n{}")]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "1.0")]
    public async Task Ambiguous_framing_is_refused(string rest, string version = "1.1")
    {
        await using TestServer server = await TestServer.StartAsync();
        using TcpClient client = await ConnectAsync(server);
        using StreamReader reader = new(client.GetStream(), Encoding.ASCII);

        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /api/show HTTP/{version}\r\nHost: localhost\r\n{rest}"));

        (await reader.ReadToEndAsync().WaitAsync(HeldRuns.Patience)).Should().StartWith("HTTP/1.1 400", "and the connection is closed");
    }

    [Fact]
    public async Task Beyond_its_connections_the_server_answers_health_checks_only()
    {
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { MaxConnections = 2, MaxConnectionsPerAddress = 2 });
        using TcpClient first = await ConnectAsync(server), second = await ConnectAsync(server);
        (await AskAsync(first, "/models")).Should().StartWith("HTTP/1.1 200");
        (await AskAsync(second, "/models")).Should().StartWith("HTTP/1.1 200");

        using TcpClient third = await ConnectAsync(server), fourth = await ConnectAsync(server);
        string health = await AskAsync(third, "/health"), models = await AskAsync(fourth, "/models");

        health.Should().StartWith("HTTP/1.1 200");
        models.Should().StartWith("HTTP/1.1 503").And.Contain("Retry-After: 1").And.Contain("Connection: close");
        (await AskAsync(first, "/models")).Should().StartWith("HTTP/1.1 200", "a connection that is already accepted stays open");
    }

    [Fact]
    public async Task An_idle_connection_does_not_block_health_checks_for_long()
    {
        FakeTimeProvider time = new();
        await using TestServer server = await TestServer.StartAsync(configure: options => options with { MaxConnections = 2, MaxConnectionsPerAddress = 2 }, time: time);
        List<TcpClient> held = [];
        for (int i = 0; i < 2 + Reserve; i++)
            held.Add(await ConnectAsync(server));
        ConnectionLimiter guard = server.Services.GetRequiredService<ConnectionLimiter>();
        await HeldRuns.EventuallyAsync(() => guard.Open == 2 + Reserve);
        using TcpClient refused = await ConnectAsync(server);
        (await AskAsync(refused, "/health")).Should().BeEmpty();

        time.Advance(ConnectionLimiter.ReserveTime);
        await HeldRuns.EventuallyAsync(() => guard.Open == 2);
        using TcpClient check = await ConnectAsync(server);

        (await AskAsync(check, "/health")).Should().StartWith("HTTP/1.1 200");
        (await AskAsync(held[0], "/models")).Should().StartWith("HTTP/1.1 200", "those within the limit stay");
        held.ForEach(client => client.Dispose());
    }

    private static async Task<TcpClient> ConnectAsync(TestServer server, IPAddress? from = null)
    {
        TcpClient client = new(new IPEndPoint(from ?? IPAddress.Loopback, 0));
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        return client;
    }

    /// <returns>The response; empty if the server has closed the connection.</returns>
    private static async Task<string> AskAsync(TcpClient client, string path)
    {
        NetworkStream stream = client.GetStream();
        byte[] buffer = new byte[64 << 10];
        string answer = "";
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            while (!IsComplete(answer) && await stream.ReadAsync(buffer).AsTask().WaitAsync(HeldRuns.Patience) is > 0 and var length)
                answer += Encoding.ASCII.GetString(buffer, 0, length);
            return answer;
        }
        catch (IOException)
        {
            return answer;
        }
    }

    private static bool IsComplete(string answer)
    {
        int body = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        if (body < 4)
            return false;
        const string field = "\r\nContent-Length: ";
        int length = answer.IndexOf(field, StringComparison.OrdinalIgnoreCase);
        return length < 0 || length > body
            ? answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)
            : answer.Length - body >= int.Parse(answer.AsSpan(length + field.Length, answer.AsSpan(length + field.Length).IndexOf('\r')), CultureInfo.InvariantCulture);
    }
}
