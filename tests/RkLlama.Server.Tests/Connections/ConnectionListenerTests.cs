using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Connections;
using RkLlama.Server.Hosting;
using Serilog.Extensions.Logging;

namespace RkLlama.Server.Tests.Connections;

/// <summary>The server stays usable if it may open too few files.</summary>
public sealed class ConnectionListenerTests
{
    [Fact]
    public async Task A_failed_accept_is_tried_again_after_growing_pauses()
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
            time.Advance(TimeSpan.FromMilliseconds(50));
            return Attempts().Length >= 7;
        });
        await listener.UnbindAsync();

        atOnce.Should().Be(1);
        log.All.Should().OnlyContain(line => line.EndsWith(": too many open files", StringComparison.Ordinal));
        (await accepting.WaitAsync(HeldRuns.Patience)).Should().BeNull();
        DateTimeOffset[] times = Attempts();
        int[] pauses = [100, 200, 400, 800, 1000, 1000];
        for (int i = 0; i < pauses.Length; i++)
            (times[i + 1] - times[i]).TotalMilliseconds.Should().BeGreaterThanOrEqualTo(pauses[i]);

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
    [InlineData("Max open files            671                  4096                 files     \n", true)]
    [InlineData("Max open files            672                  4096                 files     \n", false)]
    [InlineData("Max open files            unlimited            unlimited            files     \n", false)]
    [InlineData("", false)]
    public void The_start_warns_if_the_limit_of_open_files_is_too_low(string limits, bool warns)
    {
        string root = Directory.CreateTempSubdirectory("rkllama-tests-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "proc", "self"));
        File.WriteAllText(Path.Combine(root, "proc", "self", "limits"), "Limit                     Soft Limit           Hard Limit           Units     \n" + limits);
        using StringWriter log = new();
        using Serilog.Core.Logger logger = LoggingSetup.Create(log);
        using SerilogLoggerFactory factory = new(logger);

        FileLimit.Check(new() { ModelsDirectory = root, SysfsRoot = root }, factory.CreateLogger("test"));

        log.ToString().Contains("and 512 connections need 672", StringComparison.Ordinal).Should().Be(warns);
        Directory.Delete(root, recursive: true);
    }
}
