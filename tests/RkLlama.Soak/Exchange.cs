using System.Diagnostics;
using System.Net;
using System.Text;

namespace RkLlama.Soak;

/// <summary>How an exchange was over.</summary>
internal enum ExchangeEnd
{
    /// <summary>The server ended the response as HTTP has it.</summary>
    Clean,

    /// <summary>The connection broke before that.</summary>
    Cut,

    /// <summary>The client went away.</summary>
    Left,

    /// <summary>It was not over after <see cref="Exchange.Patience"/>, heartbeats or not.</summary>
    Hung,
}

/// <summary>How a client reads.</summary>
/// <param name="Pause">After each read; it is the client's own and no silence of the server.</param>
/// <param name="LeaveAfterBytes">The client goes away once it has as many.</param>
/// <param name="Leave">The client goes away at once.</param>
internal sealed record Manner(TimeSpan Pause, int LeaveAfterBytes, CancellationToken Leave)
{
    internal static Manner Patient { get; } = new(TimeSpan.Zero, int.MaxValue, CancellationToken.None);
}

/// <summary>What a client got.</summary>
/// <param name="Status">0 when no response began.</param>
internal sealed record Received(int Status, TimeSpan? RetryAfter, string Text, ExchangeEnd End, TimeSpan LongestSilence);

/// <summary>One request and what comes back, byte by byte, without judging it.</summary>
internal static class Exchange
{
    /// <summary>A full queue of runs that hang, and a worker that comes back after all its back-offs, take less.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    // More than the longest answer there is.
    private const int MaxBytes = 8 << 20;

    /// <param name="stop">The end of everything.</param>
    internal static async Task<Received> SendAsync(HttpClient client, string path, string body, Manner manner, CancellationToken stop)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(manner.Leave, stop);
        patience.CancelAfter(Patience);
        using MemoryStream received = new();
        int status = 0;
        TimeSpan? retryAfter = null;
        TimeSpan longest = TimeSpan.Zero;
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
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

            throw new InvalidDataException($"an answer of more than {MaxBytes} bytes to {body}");
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

    /// <summary>A client that closes the connection when an answer is left, instead of reading it to its end.</summary>
    /// <param name="receiveBuffer">Bytes; a small one makes the server wait for a slow reader.</param>
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
