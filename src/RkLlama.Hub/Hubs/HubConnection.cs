using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text.RegularExpressions;

namespace RkLlama.Hub.Hubs;

/// <summary>
/// Sends requests to hubs. Follows redirects itself, because the first answer has the hash of a file, and because a token must not reach another host. Uses the
/// proxies of the environment and the certificates of the system. Needs <see cref="TlsLibrary"/>, also without TLS: the caller checks it. Thread-safe.
/// </summary>
internal sealed partial class HubConnection : IDisposable
{
    private const int MaxRedirects = 10;

    // Documents that are read at the same time. The others wait, so that many pulls need no more memory than a few.
    private const int MaxDocuments = 4;

    // Maximum time to read a small document, because a hub may send it a byte at a time.
    private static readonly TimeSpan MaxDocumentTime = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _documents = new(MaxDocuments);
    private readonly HttpClient _client;
    private readonly HubOptions _options;
    private readonly TimeProvider _clock;

    [GeneratedRegex("""status code '(?<s>\d{3})'""", RegexOptions.CultureInvariant)]
    private static partial Regex ProxyStatus { get; }

    /// <param name="userAgent">Product and version, for example <c>rkllama/1.0</c>.</param>
    /// <param name="usesProxy">Whether the proxies of the environment are used. Nodes of a cluster connect to each other directly.</param>
    internal HubConnection(HubOptions options, string userAgent, TimeProvider clock, bool usesProxy = true)
    {
        _options = options;
        _clock = clock;
        // AutomaticDecompression is not set, not even to None: its setter links zlib and brotli, 1 MB, into the executable.
        _client = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = usesProxy,
            ConnectTimeout = options.StallTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = 16,
        })
        {
            // A body may take hours. Waits for a header or a byte have their own timeout.
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version11,
        };
        _client.DefaultRequestHeaders.UserAgent.ParseAdd(userAgent);
        _client.DefaultRequestHeaders.AcceptEncoding.ParseAdd("identity");
    }

    /// <summary>Sends a request once and follows its redirects.</summary>
    /// <param name="address">The address.</param>
    /// <param name="authorize">Adds the token to a request. Applied to <paramref name="address"/> and to redirects on the same origin only.</param>
    /// <param name="range">The first and the last byte; <see langword="null"/> for all.</param>
    /// <returns>The first answer's headers and the last answer. The caller disposes it. Its status is a success.</returns>
    /// <exception cref="HubException">The request failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal async Task<HubResponse> GetAsync(Uri address, Action<HttpRequestMessage>? authorize, (long From, long To)? range, CancellationToken cancellationToken)
    {
        if (_options.IsOffline)
            throw new HubException(HubError.Offline, "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, so nothing is downloaded");

        HttpResponseHeaders? first = null;
        Uri next = address;
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage response = await SendAsync(next, SameOrigin(next, address) ? authorize : null, range, cancellationToken).ConfigureAwait(false);
            first ??= response.Headers;
            if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
            {
                response.Dispose();
                if (redirects >= MaxRedirects)
                    throw new HubException(HubError.InvalidAnswer, $"{address.Host} redirects in a circle");
                next = location.IsAbsoluteUri ? location : new Uri(next, location);
                if (next.Scheme is not ("https" or "http") || (address.Scheme == "https" && next.Scheme == "http"))
                    throw new HubException(HubError.InvalidAnswer, $"{address.Host} redirects to an address without TLS: {next.Host}");
                continue;
            }

            if (response.IsSuccessStatusCode)
                return new(response, first, next);
            using (response)
                throw await ErrorOfAsync(response, address, next, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a request for a small document and reads it, with retries after temporary errors.</summary>
    /// <param name="maxBytes">The maximum size of the document.</param>
    /// <param name="note">Called with a sentence without a period before each further try; <see langword="null"/> for no sentences. Must not throw.</param>
    /// <returns>The document and the headers of its answer.</returns>
    /// <exception cref="HubException">The request failed, or the document is too large.</exception>
    internal async Task<(byte[] Body, HubResponse Response)> ReadAsync(Uri address, Action<HttpRequestMessage>? authorize, int maxBytes, Action<string>? note, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadOnceAsync(address, authorize, maxBytes, cancellationToken).ConfigureAwait(false);
            }
            catch (HubException ex) when (ex.IsTransient && attempt < _options.Tries)
            {
                await DelayAsync(attempt, ex, note, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<(byte[] Body, HubResponse Response)> ReadOnceAsync(Uri address, Action<HttpRequestMessage>? authorize, int maxBytes, CancellationToken cancellationToken)
    {
        await _documents.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using CancellationTokenSource timeout = new(MaxDocumentTime, _clock);
            using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                using HubResponse response = await GetAsync(address, authorize, null, both.Token).ConfigureAwait(false);
                return (await ReadBodyAsync(response, maxBytes, both.Token).ConfigureAwait(false), response);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new HubException(HubError.Unreachable, string.Create(CultureInfo.InvariantCulture, $"{address.Host} needs more than {MaxDocumentTime.TotalSeconds:0} s for an answer"));
            }
        }
        finally
        {
            _documents.Release();
        }
    }

    private async Task<byte[]> ReadBodyAsync(HubResponse response, int maxBytes, CancellationToken cancellationToken)
    {
        using Stream body = await response.OpenAsync(_options.StallTimeout, _clock, cancellationToken).ConfigureAwait(false);
        using MemoryStream memory = new();
        byte[] buffer = new byte[32 * 1024];
        while (await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var count and > 0)
        {
            if (memory.Length + count > maxBytes)
                throw new HubException(HubError.InvalidAnswer, $"{response.Address.Host} answers with more than {maxBytes >> 20} MiB");
            memory.Write(buffer, 0, count);
        }

        return memory.ToArray();
    }

    /// <summary>Waits before the next try: as long as the hub asks for, otherwise twice as long as before, with random 20 % more or less; at most 30 s.</summary>
    /// <param name="attempt">The number of tries so far, from 1.</param>
    /// <param name="note">Called with the failure and the time of the wait: a sentence without a period. Must not throw.</param>
    internal Task DelayAsync(int attempt, HubException error, Action<string>? note, CancellationToken cancellationToken)
    {
        TimeSpan delay = error.RetryAfter
            ?? _options.RetryDelay * Math.Min(1 << Math.Min(attempt - 1, 10), 30) * (0.8 + (Random.Shared.NextDouble() * 0.4));
        note?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{error.Message}; trying again{(delay > TimeSpan.Zero ? $" in {Math.Ceiling(delay.TotalSeconds):0} s" : "")}"));
        return Task.Delay(delay, _clock, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _documents.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, Action<HttpRequestMessage>? authorize, (long From, long To)? range, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        if (range is var (from, to))
            request.Headers.Range = new(from, to);
        authorize?.Invoke(request);
        using CancellationTokenSource timeout = new(_options.StallTimeout, _clock);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubException(HubError.Unreachable, string.Create(CultureInfo.InvariantCulture, $"{address.Host} does not answer within {_options.StallTimeout.TotalSeconds:0.#} s"));
        }
        catch (HttpRequestException ex)
        {
            throw Translate(ex, address);
        }
    }

    /// <summary>Turns an error of the connection into one for the user.</summary>
    internal static HubException Translate(Exception exception, Uri address)
    {
        if (exception.InnerException is AuthenticationException tls)
        {
            return new(HubError.Tls, $"the certificate of {address.Host} is not accepted: {tls.Message.TrimEnd('.')}. If a proxy replaces certificates, set SSL_CERT_FILE "
                + "to its certificate in the environment of the server", exception);
        }

        string reason = (exception.InnerException ?? exception).Message.TrimEnd('.', '"');

        // .NET tells the status of a proxy in the text only.
        if (exception is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } && ProxyStatus.Match(reason).Groups["s"].Value is ("401" or "403" or "407") and var status)
        {
            return new(HubError.ProxyRefused, $"the proxy refuses to connect to {address.Host} (status {status}): " + (status == "407"
                ? "it wants a user and a password. Set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT in the environment of the server"
                : "ask its operator to allow this host, or use another proxy (HTTPS_PROXY)"), exception);
        }

        return new(HubError.Unreachable, $"{address.Host} cannot be reached: {reason}", exception);
    }

    private static bool SameOrigin(Uri a, Uri b) => a.Scheme == b.Scheme && a.IdnHost == b.IdnHost && a.Port == b.Port;

    internal static string? Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
