using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using RkLlama.Server.Http;

namespace RkLlama.Server.Connections;

/// <summary>
/// Keeps a connection open if its client has closed only its sending side (a half-closed connection), so that the client gets its whole answer. Without the
/// watch, Kestrel would abort the active request. The watch reads the state of the socket again and again. When the connection is no longer half-closed, the
/// client has left, and the watch tells Kestrel that the connection is closed.
/// </summary>
internal sealed class HalfCloseWatch : IHalfCloseFeature, IDisposable
{
    // The delays before the readings of the state, in ms. The last one repeats. The probe is the keep-alive that a response sends when ProbeDue completes. A
    // client that has left answers the probe with a reset, usually within a millisecond. Few connections are half-closed, and each one only for a short time.
    private static readonly int[] Delays = [5, 5, 10, 2, 3, 5, 10, 20];

    // The probe is due after this number of readings: after 20 ms. If a request fails before the probe, its response still has the right status.
    private const int ReadingsBeforeProbe = 3;

    // From the kernel's tcp.h: level and name of the option, and the first byte of its value if only the client has closed its sending side.
    private const int IpProtoTcp = 6, TcpInfo = 11;
    private const byte CloseWait = 8;

    // How long a client may have closed its sending side while its request is being prepared.
    private const int MaxPreparingMs = 2000;

    private readonly Socket _socket;
    private readonly UnreadInputReader _input;
    private readonly CancellationTokenRegistration _registration;
    private readonly TaskCompletionSource _probeDue = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Not disposed: it has no timer and no handle, and a reading may cancel it while the connection ends.
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private Timer? _timer;
    private bool _isDisposed;

    // When the preparation of the active request started, in ms; 0 if no request is being prepared.
    private long _preparingSince;

    // Used by the timer only.
    private int _readings;

    // When the client closed its sending side, in ms. Set before the timer starts.
    private long _endOfInput;

    private HalfCloseWatch(Socket socket, UnreadInputReader input, CancellationToken received)
    {
        _socket = socket;
        _input = input;
        _registration = received.Register(static state => ((HalfCloseWatch)state!).OnEndOfInput(), this);
    }

    public Task ProbeDue => _probeDue.Task;

    public bool IsPreparing
    {
        get => Volatile.Read(ref _preparingSince) != 0;
        set => Volatile.Write(ref _preparingSince, value ? Environment.TickCount64 : 0);
    }

    /// <summary>Connection middleware of the listener.</summary>
    internal static async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.Features.Get<IConnectionSocketFeature>() is not { Socket: var socket })
        {
            await next(connection).ConfigureAwait(false);
            return;
        }

        // The transport cancels its token when the input ends, even if the client has closed only its sending side. So Kestrel gets the token of the watch.
        UnreadInputReader input = new(connection.Transport.Input);
        using HalfCloseWatch watch = new(socket, input, connection.ConnectionClosed);
        connection.ConnectionClosed = watch._closed.Token;
        connection.Transport = new Pipes(input, connection.Transport.Output);
        connection.Features.Set(input);
        connection.Features.Set<IHalfCloseFeature>(watch);
        await next(connection).ConfigureAwait(false);
    }

    public void HoldEndOfInput(Action ended) => _input.HoldEnd(ended);

    public void ReleaseEndOfInput() => _input.ReleaseEnd();

    private void OnEndOfInput()
    {
        _endOfInput = Environment.TickCount64;
        if (!IsHalfClosed())
        {
            _closed.Cancel();
            return;
        }

        lock (_lock)
        {
            // The timer uses the clock of the system also in tests, because the state of a socket does not depend on the clock of a test.
            if (!_isDisposed)
                _timer = new(static state => ((HalfCloseWatch)state!).Read(), this, Delays[0], Timeout.Infinite);
        }
    }

    private void Read()
    {
        if (!IsHalfClosed() || (Volatile.Read(ref _preparingSince) is not 0 and var since && Environment.TickCount64 - Math.Max(since, _endOfInput) > MaxPreparingMs))
        {
            _closed.Cancel();
            return;
        }

        if (++_readings == ReadingsBeforeProbe)
            _probeDue.TrySetResult();
        lock (_lock)
        {
            if (!_isDisposed)
                _timer!.Change(Delays[Math.Min(_readings, Delays.Length - 1)], Timeout.Infinite);
        }
    }

    /// <summary>
    /// Whether the client has closed its sending side, and the connection is otherwise intact. False after a reset and after the server's close.
    /// </summary>
    private bool IsHalfClosed()
    {
        Span<byte> info = stackalloc byte[8];
        try
        {
            return _socket.GetRawSocketOption(IpProtoTcp, TcpInfo, info) > 0 && info[0] == CloseWait;
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }

        _registration.Dispose();
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
