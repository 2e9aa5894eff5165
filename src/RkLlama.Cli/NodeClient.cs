using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Cli;

/// <summary>An HTTP client for the running RkLlama server that a command uses.</summary>
internal sealed class NodeClient : IDisposable
{
    /// <summary>The endpoint that downloads a model.</summary>
    internal const string PullPath = "/api/pull";

    private const string IgnoredHeader = "X-RkLlama-Ignored", WarningHeader = "X-RkLlama-Warning";

    // On a slow node, the prefill of thousands of tokens takes minutes. Other requests wait for the active run.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMinutes(10);

    private readonly HttpClient _http;

    /// <param name="url">The base address of the server.</param>
    /// <param name="key">The API key of the server; <see langword="null"/> if it needs none.</param>
    internal NodeClient(Uri url, string? key)
    {
        // A command that stops in the middle of an answer closes the connection, so that the node stops, too.
        _http = new(new SocketsHttpHandler { MaxResponseDrainSize = 0, AllowAutoRedirect = false }) { BaseAddress = url, Timeout = RequestTimeout };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>The address of the node.</summary>
    internal Uri Address => _http.BaseAddress!;

    /// <summary>The fields that the node has ignored in the last request, comma-separated; <see langword="null"/> if there were none.</summary>
    internal string? Ignored { get; private set; }

    /// <summary>What the model of the last load request lacks; <see langword="null"/> if it lacks nothing.</summary>
    internal string? Warning { get; private set; }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a GET request and returns the body of the response.</summary>
    /// <inheritdoc cref="SendAsync"/>
    internal async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a POST request with a JSON body and returns the body of the response.</summary>
    /// <inheritdoc cref="SendAsync"/>
    internal Task<JsonElement> PostAsync<T>(string path, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, type, cancellationToken);

    /// <summary>Sends a request with a JSON body and returns the body of the response.</summary>
    /// <inheritdoc cref="SendAsync(HttpRequestMessage, CancellationToken)"/>
    internal async Task<JsonElement> SendAsync<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Create(method, path, body, type);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a POST request and returns the lines of the response as they arrive. Each line is a JSON object.</summary>
    /// <exception cref="CommandException">
    /// The server does not respond, or responds with an error, or a line is an error, or the connection is lost before the response ends.
    /// </exception>
    internal async IAsyncEnumerable<JsonElement> StreamAsync<T>(string path, T body, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Create(HttpMethod.Post, path, body, type);
        using HttpResponseMessage response = await GuardAsync(() => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken), path, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw Refused(response, HasKey, await GuardAsync(() => response.Content.ReadAsStringAsync(cancellationToken), path, cancellationToken).ConfigureAwait(false));

        Ignored = HeaderOf(response, IgnoredHeader);
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), Encoding.UTF8);
        while (await GuardAsync(() => lines.ReadLineAsync(cancellationToken).AsTask(), path, cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length == 0)
                continue;
            JsonElement json = Parse(line, path);
            if (ErrorOf(json) is { } error)
                throw new CommandException(error);
            yield return json;
        }
    }

    /// <returns>The body of the response. If it is empty, the kind of the element is <see cref="JsonValueKind.Undefined"/>.</returns>
    /// <exception cref="CommandException">The server does not respond, or responds with an error or without JSON.</exception>
    private async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string path = request.RequestUri!.ToString();
        using HttpResponseMessage response = await GuardAsync(() => _http.SendAsync(request, cancellationToken), path, cancellationToken).ConfigureAwait(false);
        string text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw Refused(response, HasKey, text);
        Ignored = HeaderOf(response, IgnoredHeader);
        Warning = HeaderOf(response, WarningHeader);
        return string.IsNullOrWhiteSpace(text) ? default : Parse(text, path);
    }

    private static HttpRequestMessage Create<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> type) => new(method, path)
    {
        Content = new StringContent(JsonSerializer.Serialize(body, type), Encoding.UTF8, "application/json"),
    };

    /// <summary>Turns the failures of a connection into a <see cref="CommandException"/>.</summary>
    private async Task<T> GuardAsync<T>(Func<Task<T>> send, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await send().ConfigureAwait(false);
        }
        catch (HttpRequestException ex) when (ex.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
        {
            string reason = ex.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? "" : $" ({(ex.InnerException ?? ex).Message.TrimEnd('.')})";
            throw new CommandException($"no node answers at {ShownAddress}{reason}: start one with 'rkllama serve' or 'systemctl start rkllama', or name another one with --host") { IsUnreachable = true };
        }
        catch (Exception ex) when (ex is HttpRequestException or IOException)
        {
            if (ex is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
            {
                throw new CommandException($"{ShownAddress} does not accept a connection with https ({(ex.InnerException ?? ex).Message.TrimEnd('.')}): a node has no TLS, so the address is http://{Address.Authority}, "
                    + "or that of a proxy with a certificate that this machine accepts");
            }

            // .NET adds the name of its error code.
            string reason = ex.Message.Split(" (", 2)[0].TrimEnd('.');
            throw new CommandException($"the connection to {ShownAddress} was lost ({reason}): 'rkllama status' tells whether the node runs" + (path == PullPath ? "; the same command continues the download" : "")) { IsUnreachable = true };
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException($"{path} took longer than {RequestTimeout.TotalMinutes:0} minutes");
        }
    }

    private string ShownAddress => Address.ToString().TrimEnd('/');

    private bool HasKey => _http.DefaultRequestHeaders.Authorization is not null;

    private static CommandException Refused(HttpResponseMessage response, bool hasKey, string text)
    {
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return new(hasKey
                ? "the node does not accept the API key: check RKLLAMA_API_KEY or --api-key"
                : "the node needs an API key: set RKLLAMA_API_KEY, or use --api-key") { Status = response.StatusCode };
        }

        string fallback = string.Create(CultureInfo.InvariantCulture, $"the node answered with status {(int)response.StatusCode}");
        string? reported;
        try
        {
            reported = ErrorOf(JsonElement.Parse(text));
        }
        catch (JsonException)
        {
            reported = null;
        }

        return new(reported ?? fallback) { Status = response.StatusCode };
    }

    /// <summary>Returns the error of a response: a text, or an object with <c>message</c>.</summary>
    private static string? ErrorOf(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty("error", out JsonElement error) && error.ValueKind is not JsonValueKind.Null
            ? error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out JsonElement message) ? message.ToString() : error.ToString()
            : null;

    private JsonElement Parse(string text, string path)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            throw new CommandException($"the response of {ShownAddress} to {path} is not JSON");
        }
    }

    private static string? HeaderOf(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out IEnumerable<string>? names) ? string.Join(", ", names) : null;
}
