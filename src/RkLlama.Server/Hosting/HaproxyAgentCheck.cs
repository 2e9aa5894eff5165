using System.Net;
using System.Net.Sockets;
using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Scheduling;

namespace RkLlama.Server.Hosting;

/// <summary>
/// Answers HAProxy's agent checks on a TCP port of its own: sends one line with the node's state and weight on each connection. Without <c>--agent-port</c> it
/// does not listen.
/// </summary>
/// <remarks>
/// HAProxy keeps the last operational state (up, down) and the last administrative state (ready, drain) that it received. Every line contains both. So if a
/// node has stopped with "drain", the first line after its restart sets it to "ready" again.
/// </remarks>
internal sealed partial class HaproxyAgentCheck(NodeOptions options, Readiness readiness, RunQueue queue, ILogger<HaproxyAgentCheck> logger) : IHostedService, IDisposable
{
    /// <summary>
    /// Maximum number of simultaneous connections. Connections are short: HAProxy closes a connection after it has read the line. If HAProxy does not do this,
    /// the server closes the connection after 2 s.
    /// </summary>
    internal const int MaxConnections = 16;

    // Maximum length of the reason in a line, in characters. HAProxy's statistics page shows no more.
    private const int MaxReasonLength = 120;

    // Size of the buffer for input, in bytes. HAProxy may send a line first (agent-send). The server reads and discards it: if a socket is closed with unread
    // bytes, the kernel may discard the answer.
    private const int MaxUnread = 1024;

    // Maximum duration of a connection, and delay after a failed accept.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _room = new(MaxConnections);
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    /// <summary>The address of the listener; null before the start, and without <c>--agent-port</c>.</summary>
    internal EndPoint? Address => _listener?.LocalEndPoint;

    /// <exception cref="IOException">The server cannot listen on the port, for example because it is in use.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.AgentPort is not { } port)
            return Task.CompletedTask;

        // Like Kestrel: if no address is configured, listens on all IPv4 and IPv6 addresses.
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

    /// <summary>Returns the line to send now, with its newline, for example <c>up ready 50%</c>.</summary>
    internal string Describe()
    {
        ReadyReply reply = readiness.Evaluate();
        return reply.Status switch
        {
            "ready" => $"up ready {Weight(queue.IsBusy, queue.Waiting)}%\n",

            // The node works, but its queue is full, so it would refuse the next request.
            "busy" => "up ready 0%\n",
            "draining" => "up drain\n",
            _ => $"down ready #{Line(reply.Reason ?? reply.Status)}\n",
        };
    }

    /// <summary>
    /// Returns the weight in percent of the node's configured weight: 100 for an idle node, less for each request that runs or waits, at least 1. Never 0,
    /// because HAProxy sends no new requests to a server with weight 0.
    /// </summary>
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
                // The process has no free file descriptors, or the client has already disconnected. The next attempt may succeed.
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
                    // Discards the input, until the client closes the connection.
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

    /// <summary>
    /// Returns the text in the form that is allowed after the <c>#</c> of a line. Cuts it to the maximum length. Replaces each <c>#</c>, and each
    /// character that is not printable ASCII, with <c>?</c>.
    /// </summary>
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
