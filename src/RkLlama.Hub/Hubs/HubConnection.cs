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
    private const int MaxErrorBytes = 2048;

    // Documents that are read at the same time. The others wait, so that many pulls need no more memory than a few.
    private const int MaxDocuments = 4;

    // Maximum time to read a small document, because a hub may send it a byte at a time.
    private static readonly TimeSpan MaxDocumentTime = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _documents = new(MaxDocuments);
    private readonly HttpClient _client;
    private readonly HubOptions _options;
    private readonly TimeProvider _clock;

    [GeneratedRegex("""(?:^|;)\s*t=(?<s>\d{1,6})""", RegexOptions.CultureInvariant)]
    private static partial Regex RateLimitReset { get; }

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
    /// <returns>The document and the headers of its answer.</returns>
    /// <exception cref="HubException">The request failed, or the document is too large.</exception>
    internal async Task<(byte[] Body, HubResponse Response)> ReadAsync(Uri address, Action<HttpRequestMessage>? authorize, int maxBytes, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadOnceAsync(address, authorize, maxBytes, cancellationToken).ConfigureAwait(false);
            }
            catch (HubException ex) when (ex.IsTransient && attempt < _options.Tries)
            {
                await DelayAsync(attempt, ex, cancellationToken).ConfigureAwait(false);
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
    internal Task DelayAsync(int attempt, HubException error, CancellationToken cancellationToken)
    {
        TimeSpan delay = error.RetryAfter
            ?? _options.RetryDelay * Math.Min(1 << Math.Min(attempt - 1, 10), 30) * (0.8 + (Random.Shared.NextDouble() * 0.4));
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

    private async Task<HubException> ErrorOfAsync(HttpResponseMessage response, Uri asked, Uri address, CancellationToken cancellationToken)
    {
        string host = address.Host;
        int status = (int)response.StatusCode;
        string text = await ErrorTextAsync(response, cancellationToken).ConfigureAwait(false);
        string? code = Header(response.Headers, "X-Error-Code");
        bool isHub = SameOrigin(asked, address);
        bool isModelScope = SameOrigin(asked, _options.ModelScope);
        string token = isModelScope ? "MODELSCOPE_API_TOKEN of the server" : HubEnvironment.TokenPlaces, setToken = isModelScope ? "set MODELSCOPE_API_TOKEN of the server" : HubEnvironment.SetToken;
        switch (status)
        {
            case 401 or 403 when isHub && code == "GatedRepo":
                return new(HubError.Gated, status == 401
                    ? $"the repository is gated: ask for access on its page, then {setToken}"
                    : "the repository is gated, and the account of the token has no access: ask for it on the page of the repository");
            case 401 when isHub && text.Contains("Invalid credentials", StringComparison.OrdinalIgnoreCase):
                return new(HubError.TokenInvalid, $"{host} does not accept the token: check {token}") { Status = status };
            case 401 or 404 when isHub && code is "RepoNotFound" or null && (status == 401 || code is not null || !asked.AbsolutePath.Contains("/resolve/", StringComparison.Ordinal)):
                return new(HubError.RepositoryNotFound, $"{host} has no such repository, or it is private: check the name, or {setToken}") { Status = status };
            case 404 when code == "RevisionNotFound":
                return new(HubError.RevisionNotFound, "the repository has no such revision");
            case 404:
                return new(HubError.FileNotFound, "the repository has no such file") { Status = status };
            case 429:
                return new(HubError.RateLimited, $"{host} allows no more requests for now; with a token it allows more: {setToken}") { RetryAfter = RetryAfter(response.Headers) };
            case 408 or >= 500:
                return new(HubError.Unreachable, $"{host} answers with status {status}");
            case 416:
                return new(HubError.Changed, $"{host} has less bytes than it promises");
            default:
                return new(HubError.InvalidAnswer, $"{host} answers with status {status}{(text.Length > 0 ? ": " + text : "")}") { Status = status };
        }
    }

    /// <summary>Reads the reason of an error: at most 200 characters of a text, nothing of a page.</summary>
    private static async Task<string> ErrorTextAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (Header(response.Headers, "X-Error-Message") is { } message)
            return message;
        try
        {
            using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(TimeSpan.FromSeconds(2));
            using Stream body = await response.Content.ReadAsStreamAsync(timeout.Token).ConfigureAwait(false);
            byte[] buffer = new byte[MaxErrorBytes];
            int length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, timeout.Token).ConfigureAwait(false);
            string text = System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim();
            if (text.StartsWith('<'))
                return "";
            text = string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
            return text.Length > 200 ? text[..200] + "…" : text;
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return "";
        }
    }

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        if (Header(headers, "RateLimit") is { } limit && RateLimitReset.Match(limit) is { Success: true } match)
            return TimeSpan.FromSeconds(int.Parse(match.Groups["s"].Value, CultureInfo.InvariantCulture));
        return headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - (headers.Date ?? _clock.GetUtcNow()) is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
            _ => null,
        };
    }

    internal static string? Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
