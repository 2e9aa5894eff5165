using System.Diagnostics;
using System.Net;
using System.Text;

namespace RkLlama.Soak;

/// <summary>How an exchange ended.</summary>
internal enum ExchangeEnd
{
    /// <summary>The server ended the response correctly.</summary>
    Clean,

    /// <summary>The connection was cut before the end of the response.</summary>
    Cut,

    /// <summary>The client disconnected.</summary>
    Left,

    /// <summary>The response had not ended after <see cref="Exchange.Patience"/>, with or without keep-alives.</summary>
    Hung,
}

/// <summary>How a client reads.</summary>
/// <param name="Pause">The client's pause after each read. It does not count as silence of the server.</param>
/// <param name="LeaveAfterBytes">The client disconnects after this number of bytes.</param>
/// <param name="Leave">The client disconnects when the token is cancelled.</param>
internal sealed record Manner(TimeSpan Pause, int LeaveAfterBytes, CancellationToken Leave)
{
    internal static Manner Patient { get; } = new(TimeSpan.Zero, int.MaxValue, CancellationToken.None);
}

/// <summary>What a client received.</summary>
/// <param name="Status">0 if no response began.</param>
/// <param name="LongestSilence">The longest wait for the next bytes.</param>
internal sealed record Received(int Status, TimeSpan? RetryAfter, string Text, ExchangeEnd End, TimeSpan LongestSilence);

/// <summary>Sends one request and records its response. <see cref="Verdict"/> checks it.</summary>
internal static class Exchange
{
    /// <summary>The timeout of one exchange. A full queue of hanging runs, and all restart delays of a worker, take less time.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    // More than the longest possible answer.
    private const int MaxBytes = 8 << 20;

    /// <param name="stop">Cancelled at the end of the soak.</param>
    internal static async Task<Received> SendAsync(HttpClient client, string path, string body, Manner manner, CancellationToken stop)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await SendAsync(client, request, manner, stop).ConfigureAwait(false);
    }

    /// <inheritdoc cref="SendAsync(HttpClient, string, string, Manner, CancellationToken)"/>
    internal static async Task<Received> SendAsync(HttpClient client, HttpRequestMessage request, Manner manner, CancellationToken stop)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(manner.Leave, stop);
        patience.CancelAfter(Patience);
        using MemoryStream received = new();
        int status = 0;
        TimeSpan? retryAfter = null;
        TimeSpan longest = TimeSpan.Zero;
        try
        {
            using HttpResponseMessage response = await TimedAsync(client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token)).ConfigureAwait(false);
            status = (int)response.StatusCode;
            retryAfter = response.Headers.RetryAfter?.Delta;
            Stream stream = await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                byte[] buffer = new byte[4096];
                while (received.Length < MaxBytes)
                {
                    int count = await TimedAsync(stream.ReadAsync(buffer, patience.Token).AsTask()).ConfigureAwait(false);
                    if (count == 0)
                        return Result(ExchangeEnd.Clean);
                    received.Write(buffer, 0, count);
                    if (received.Length >= manner.LeaveAfterBytes)
                        return Result(ExchangeEnd.Left);
                    if (manner.Pause > TimeSpan.Zero)
                        await Task.Delay(manner.Pause, stop).ConfigureAwait(false);
                }
            }

            throw new InvalidDataException($"an answer of more than {MaxBytes} bytes to {request.RequestUri}");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Result(manner.Leave.IsCancellationRequested ? ExchangeEnd.Left : ExchangeEnd.Hung);
        }
        catch (Exception ex) when (ex is HttpRequestException or IOException)
        {
            return Result(manner.Leave.IsCancellationRequested ? ExchangeEnd.Left : ExchangeEnd.Cut);
        }

        Received Result(ExchangeEnd end) => new(status, retryAfter, Encoding.UTF8.GetString(received.GetBuffer(), 0, (int)received.Length), end, longest);

        async Task<T> TimedAsync<T>(Task<T> next)
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                return await next.ConfigureAwait(false);
            }
            finally
            {
                TimeSpan silence = Stopwatch.GetElapsedTime(start);
                if (silence > longest)
                    longest = silence;
            }
        }
    }

    /// <summary>Creates a client that closes the connection if an answer is not read to its end. By default, .NET reads the rest.</summary>
    /// <param name="receiveBuffer">The size of the receive buffer in bytes. With a small buffer, the server must wait for a slow reader.</param>
    internal static HttpClient NewClient(Uri address, int? receiveBuffer = null) => new(new SocketsHttpHandler
    {
        MaxResponseDrainSize = 0,
        UseProxy = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            System.Net.Sockets.Socket socket = new(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
            try
            {
                if (receiveBuffer is { } size)
                    socket.ReceiveBufferSize = size;
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        BaseAddress = address,
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestVersion = HttpVersion.Version11,
    };
}
