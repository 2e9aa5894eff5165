using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Connections;
using RkLlama.Server.Hosting;
using Serilog.Extensions.Logging;

namespace RkLlama.Server.Tests.Connections;

/// <summary>The server stays usable if it may open too few files.</summary>
public sealed class ConnectionListenerTests
{
    [Fact]
    public async Task A_failed_accept_is_tried_again_after_20_ms()
    {
        FakeTimeProvider time = new();
        List<DateTimeOffset> attempts = [];
        LogLines<ConnectionListener> log = new();
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using ConnectionListener listener = new(Refuse, socket, new(new(), NullLogger.Instance), MemoryPool<byte>.Shared, time, log);

        Task<ConnectionContext?> accepting = listener.AcceptAsync().AsTask();
        int atOnce = Attempts().Length;
        await HeldRuns.EventuallyAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            return Attempts().Length >= 7;
        });
        await listener.UnbindAsync();

        atOnce.Should().Be(1);
        log.All.Should().OnlyContain(line => line.EndsWith(": too many open files", StringComparison.Ordinal));
        (await accepting.WaitAsync(HeldRuns.Patience)).Should().BeNull();
        DateTimeOffset[] times = Attempts();
        for (int i = 1; i < times.Length; i++)
            (times[i] - times[i - 1]).TotalMilliseconds.Should().BeGreaterThanOrEqualTo(20);

        DateTimeOffset[] Attempts()
        {
            lock (attempts)
                return [.. attempts];
        }

        ValueTask<Socket> Refuse(CancellationToken cancellationToken)
        {
            lock (attempts)
                attempts.Add(time.GetUtcNow());
            return ValueTask.FromException<Socket>(new SocketException((int)SocketError.TooManyOpenSockets));
        }
    }

    [Theory]
    [InlineData("60", 23, 7)]
    [InlineData("256", 96, 32)]
    [InlineData("671", 511, 32)]
    [InlineData("1", 1, 1)]
    [InlineData("672", 512, 32)]
    [InlineData("unlimited", 512, 32)]
    [InlineData("", 512, 32)]
    public void If_the_limit_of_open_files_is_too_low_the_server_accepts_fewer_connections_and_warns(string limit, int connections, int reserved)
    {
        string root = Directory.CreateTempSubdirectory("rkllama-tests-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "proc", "self"));
        File.WriteAllText(
            Path.Combine(root, "proc", "self", "limits"),
            "Limit                     Soft Limit           Hard Limit           Units     \n" + (limit == "" ? "" : $"Max open files            {limit,-20} 4096                 files     \n"));
        using StringWriter log = new();
        using Serilog.Core.Logger logger = LoggingSetup.Create(log);
        using SerilogLoggerFactory factory = new(logger);
        NodeOptions options = new() { ModelsDirectory = root, SysfsRoot = root };

        NodeOptions fitted = FileLimit.Fit(options);
        FileLimit.Check(options, factory.CreateLogger("test"));

        fitted.MaxConnections.Should().Be(connections);
        fitted.ReservedConnections.Should().Be(reserved);
        string warning = $"and 512 connections need 672. It accepts {connections} connections";
        log.ToString().Contains(warning, StringComparison.Ordinal).Should().Be(connections < 512);
        Directory.Delete(root, recursive: true);
    }
}
