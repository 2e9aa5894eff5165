using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using RkLlama.Engine.Tests.Support;
using RkLlama.Server.Hosting;
using RkLlama.Server.Tests.Support;
using static RkLlama.Engine.Tests.Support.HeldRuns;

namespace RkLlama.Server.Tests.Hosting;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly LogLines<SystemdNotifier> _log = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_state_is_sent_to_the_socket()
    {
        using Socket receiver = Bind("notify");

        bool isSent = New("notify").Notify(SystemdNotifier.Ready);

        isSent.Should().BeTrue();
        byte[] buffer = new byte[100];
        Encoding.UTF8.GetString(buffer, 0, receiver.Receive(buffer)).Should().Be("READY=1");
        _log.All.Should().BeEmpty();
    }

    [Fact]
    public void Without_a_socket_nothing_is_sent()
    {
        SystemdNotifier notifier = new("", _log);

        notifier.IsEnabled.Should().BeFalse();
        notifier.Notify(SystemdNotifier.Ready).Should().BeTrue();
        _log.All.Should().BeEmpty();
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("stale")]
    [InlineData("directory")]
    [InlineData("a/b/c")]
    [InlineData("a name that is too long for a socket, because the structure of the kernel for its address has room for 108 bytes only")]
    public void A_socket_that_does_not_work_is_logged_once(string name)
    {
        File.WriteAllText(_directory.At("stale"), "");
        Directory.CreateDirectory(_directory.At("directory"));
        SystemdNotifier notifier = New(name);

        notifier.Notify(SystemdNotifier.Ready).Should().BeTrue("a second attempt would fail, too");
        notifier.Notify(SystemdNotifier.Alive);

        _log.All.Should().ContainSingle().Which.Should().Contain(name);
    }

    [Fact]
    public async Task A_socket_that_nobody_reads_does_not_block()
    {
        using Socket receiver = Bind("notify");
        SystemdNotifier notifier = New("notify");

        bool isFull = await Task.Run(() => Enumerable.Range(0, 10_000).Any(_ => !notifier.Notify(SystemdNotifier.Alive))).WaitAsync(Patience);

        isFull.Should().BeTrue();
    }

    [Fact]
    public async Task The_server_stops_although_the_socket_is_gone()
    {
        await using TestServer server = await TestServer.StartAsync(services: services => services.Replace(ServiceDescriptor.Singleton(New("absent"))));
        TaskCompletionSource stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration =
            server.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);

        await ((DrainingLifetime)server.Services.GetRequiredService<IHostLifetime>()).DrainAsync();

        await stopping.Task.WaitAsync(Patience);
        _log.All.Should().ContainSingle();
    }

    private SystemdNotifier New(string name) => new(_directory.At(name), _log);

    private Socket Bind(string name)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_directory.At(name)));
        return socket;
    }
}
