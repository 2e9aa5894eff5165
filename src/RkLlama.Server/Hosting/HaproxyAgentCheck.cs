using System.Net;
using System.Net.Sockets;
using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Scheduling;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Answers HAProxy's agent check: one line with the node's state and weight for each connection, as long as the server runs. Off without
/// <c>--agent-port</c>.
/// </summary>
/// <remarks>
/// HAProxy keeps what it was told last, so every line has both an operational word (up, down) and an administrative one (ready, drain): a node that comes
/// back from a drain takes its word back by itself.
/// </remarks>
internal sealed partial class HaproxyAgentCheck(NodeOptions options, Readiness readiness, RunQueue queue, ILogger<HaproxyAgentCheck> logger) : IHostedService, IDisposable
{
    /// <summary>Connections that are answered at once; each takes no time unless somebody means harm.</summary>
    internal const int MaxConnections = 16;

    // HAProxy reports no more than this in its statistics.
    private const int MaxReasonLength = 120;

    // Some HAProxy servers send a line first (agent-send). Unread bytes would make the kernel throw the answer away.
    private const int MaxUnread = 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _room = new(MaxConnections);
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Where it listens; null where it does not.</summary>
    internal EndPoint? Address => _listener?.LocalEndPoint;

    /// <exception cref="IOException">The port is taken.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.AgentPort is not { } port)
            return Task.CompletedTask;

        // Like Kestrel: every address of both families, where none is given.
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

    /// <summary>What HAProxy is told now, with the newline.</summary>
    internal string Describe()
    {
        ReadyReply reply = readiness.Evaluate();
        return reply.Status switch
        {
            "ready" => $"up ready {Weight(queue.IsBusy, queue.Waiting)}%\n",

            // It lives, and would only send the next one away.
            "busy" => "up ready 0%\n",
            "draining" => "up drain\n",
            _ => $"down ready #{Line(reply.Reason ?? reply.Status)}\n",
        };
    }

    /// <summary>Percent of the node's own weight: its share among equals is the smaller the longer its line is. Never 0, which would be a drain.</summary>
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
                // Out of descriptors, or a connection that was gone again: the next one may do better.
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
                    // Until the other side closes, too.
                }
            }
        }
        catch (Exception ex) when (ex is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It has its answer, or does not want it.
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>A text that fits behind a number sign, on a line.</summary>
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
