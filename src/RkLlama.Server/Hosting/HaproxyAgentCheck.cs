using System.Net;
using System.Net.Sockets;
using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Scheduling;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Answers HAProxy's agent checks: sends one line with the node's state and weight on each connection, until the server stops. Off without
/// <c>--agent-port</c>.
/// </summary>
/// <remarks>
/// HAProxy keeps the last operational state (up, down) and the last administrative state (ready, drain). Every line has both, so the first line after a restart
/// ends the drain of the stop before it.
/// </remarks>
internal sealed partial class HaproxyAgentCheck(NodeOptions options, Readiness readiness, RunQueue queue, ILogger<HaproxyAgentCheck> logger) : IHostedService, IDisposable
{
    /// <summary>Maximum number of connections at the same time. A connection ends at once, unless its client is malicious.</summary>
    internal const int MaxConnections = 16;

    // In characters. HAProxy's statistics show no more.
    private const int MaxReasonLength = 120;

    // HAProxy may send a line first (agent-send). If a socket is closed with unread bytes, the kernel may discard the answer.
    private const int MaxUnread = 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _room = new(MaxConnections);
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    /// <summary>The address of the listener; null if there is none.</summary>
    internal EndPoint? Address => _listener?.LocalEndPoint;

    /// <exception cref="IOException">The server cannot listen on the port, for example because it is in use.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.AgentPort is not { } port)
            return Task.CompletedTask;

        // Like Kestrel: if no address is configured, all IPv4 and IPv6 addresses.
        IPAddress address = options.Host ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
        _listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
                _listener.DualMode = true;
            _listener.Bind(new IPEndPoint(address, port));
            _listener.Listen(MaxConnections);
        }
        catch (SocketException ex)
        {
            throw new IOException($"the agent check cannot listen on port {port}: {ex.Message}", ex);
        }

        Log.Listening(logger, _listener.LocalEndPoint);
        _accepting = AcceptAsync(_listener);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _end.CancelAsync().ConfigureAwait(false);
        _listener?.Dispose();
        await _accepting.ConfigureAwait(false);
    }

    /// <summary>The current line for HAProxy, with the newline.</summary>
    internal string Describe()
    {
        ReadyReply reply = readiness.Evaluate();
        return reply.Status switch
        {
            "ready" => $"up ready {Weight(queue.IsBusy, queue.Waiting)}%\n",

            // The node works, but it would refuse the next request.
            "busy" => "up ready 0%\n",
            "draining" => "up drain\n",
            _ => $"down ready #{Line(reply.Reason ?? reply.Status)}\n",
        };
    }

    /// <summary>Percent of the node's configured weight: the more requests run and wait, the less. Never 0, which would be a drain.</summary>
    internal static int Weight(bool isBusy, int waiting) => Math.Max(1, 100 / (1 + (isBusy ? 1 : 0) + waiting));

    private async Task AcceptAsync(Socket listener)
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_end.Token).ConfigureAwait(false);
                Socket connection = await listener.AcceptAsync(_end.Token).ConfigureAwait(false);
                _ = AnswerAsync(connection);
            }
            catch (Exception ex) when (ex is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException ex)
            {
                // No file descriptors are left, or the client has disconnected already. The next attempt may succeed.
                _room.Release();
                Log.NotAccepted(logger, ex.Message);
                await Task.Delay(Timeout, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        using CancellationTokenSource inTime = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        inTime.CancelAfter(Timeout);
        try
        {
            using (connection)
            {
                await connection.SendAsync(Encoding.ASCII.GetBytes(Describe()), inTime.Token).ConfigureAwait(false);
                connection.Shutdown(SocketShutdown.Send);
                byte[] unread = new byte[MaxUnread];
                while (await connection.ReceiveAsync(unread, inTime.Token).ConfigureAwait(false) > 0)
                {
                    // Discards the input until the client closes the connection.
                }
            }
        }
        catch (Exception ex) when (ex is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has the answer, or has disconnected.
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Makes a text that may follow a number sign in a line: printable ASCII, limited in length.</summary>
    private static string Line(string text)
    {
        string line = new([.. text.Select(static c => c is >= ' ' and < '\x7F' and not '#' ? c : '?')]);
        return line.Length > MaxReasonLength ? line[..MaxReasonLength] : line;
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _end.Dispose();
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "HAProxy's agent check is answered on {Address}")]
        internal static partial void Listening(ILogger logger, EndPoint? address);

        [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "A connection for the agent check was not accepted: {Reason}")]
        internal static partial void NotAccepted(ILogger logger, string reason);
    }
}
