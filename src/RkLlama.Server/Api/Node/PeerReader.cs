using System.Text.Json;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Diagnostics;

namespace RkLlama.Server.Api.Node;

/// <summary>
/// Asks the other nodes of the cluster for their state, so that browsers need no rights for other origins. The addresses come only from the setting
/// <see cref="NodeOptions.Peers"/>. The answers are bounded, redirects are not followed, and requests share one round, whose result is kept for 2 s. Thread-safe.
/// </summary>
internal sealed class PeerReader(NodeOptions options, TimeProvider time) : IDisposable
{
    private const int MaxAnswerBytes = 256 << 10;
    private const string NoNode = "Its answer is not that of a node.";

    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(2);

    private readonly Lazy<HttpClient> _client = new(static () => new HttpClient(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = Timeout,
        MaxConnectionsPerServer = 2,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
    })
    {
        Timeout = Timeout,
        MaxResponseContentBufferSize = MaxAnswerBytes,
    });

    private readonly Lock _lock = new();

    // Guarded by _lock. The last round and the time of its start.
    private Task<NodePeers>? _last;
    private long _started;

    /// <summary>Returns the state of the other nodes, at most a few seconds old. A node that does not answer is in the result, too.</summary>
    internal Task<NodePeers> ReadAsync()
    {
        lock (_lock)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(_started) > Kept))
                (_last, _started) = (AskAllAsync(), time.GetTimestamp());
            return _last;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_client.IsValueCreated)
            _client.Value.Dispose();
    }

    private async Task<NodePeers> AskAllAsync() => new(await Task.WhenAll(options.Peers.Select(AskAsync)).ConfigureAwait(false));

    private async Task<NodePeer> AskAsync(Uri address)
    {
        string url = address.GetLeftPart(UriPartial.Authority);
        long start = time.GetTimestamp();
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(address, "/node/status"));
            if (options.ApiKey is { } key)
                request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
            using HttpResponseMessage response = await _client.Value.SendAsync(request, HttpCompletionOption.ResponseContentRead).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                return Unreachable(url, $"It answers with status {(int)response.StatusCode}.");
            byte[] body = await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false);
            return JsonSerializer.Deserialize(body, NodeJson.Wire.NodeStatus) is { Npu: not null, Queue: not null, Ready: not null } status
                ? Describe(url, status, time.GetElapsedTime(start))
                : Unreachable(url, NoNode);
        }
        catch (JsonException)
        {
            return Unreachable(url, NoNode);
        }
        catch (OperationCanceledException)
        {
            return Unreachable(url, $"It does not answer within {Timeout.TotalSeconds:0} s.");
        }
        catch (HttpRequestException ex)
        {
            return Unreachable(url, Excerpt.Of(ex.Message));
        }
    }

    private static NodePeer Describe(string url, NodeStatus status, TimeSpan took) => new(
        url,
        Excerpt.Of(status.Node),
        true,
        null,
        Math.Round(took.TotalMilliseconds, 1),
        Excerpt.Of(status.Version),
        Excerpt.Of(status.Ready.Status),
        Excerpt.Of(status.State),
        status.Model is null ? null : Excerpt.Of(status.Model),
        status.Npu.LoadPercent,
        status.Npu.Temperatures?.Select(static zone => (double?)zone.Celsius).Max(),
        status.Queue.Running,
        status.Queue.Waiting,
        status.Rates?.DecodeTokensPerSecond,
        status.Reference?.IsSlow ?? false);

    private static NodePeer Unreachable(string url, string error) =>
        new(url, null, false, error, null, null, null, null, null, null, null, null, null, null, null);
}
