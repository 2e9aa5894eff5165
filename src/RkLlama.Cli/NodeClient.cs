using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RkLlama.Cli;

/// <summary>An HTTP client for the running RkLlama server that a command uses.</summary>
internal sealed class NodeClient : IDisposable
{
    // On a slow node, the prefill of thousands of tokens takes minutes. Other requests wait for the active run.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMinutes(10);

    private readonly HttpClient _http;

    /// <param name="url">The base address of the server.</param>
    /// <param name="key">The API key of the server; <see langword="null"/> if it needs none.</param>
    internal NodeClient(Uri url, string? key)
    {
        _http = new() { BaseAddress = url, Timeout = RequestTimeout };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>Creates the option <c>--url</c> of a command.</summary>
    internal static Option<string> UrlOption(string description) => new("--url") { Description = description, DefaultValueFactory = static _ => "http://127.0.0.1:8080" };

    /// <summary>Creates the client from the options of a command.</summary>
    /// <param name="url">The value of <c>--url</c>.</param>
    /// <param name="key">The value of <c>--api-key</c>; <see langword="null"/> for the environment variable.</param>
    /// <exception cref="CommandException">The address is not valid, or this machine cannot connect to an address with https.</exception>
    internal static NodeClient Open(string? url, string? key)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new CommandException($"--url: '{url}' is not the address of a server") { ExitCode = 2 };
        if (address.Scheme == "https" && !TlsLibrary.IsInstalled)
            throw new CommandException($"--url: {TlsLibrary.Missing}");
        return new(address, key ?? Environment.GetEnvironmentVariable("RKLLAMA_API_KEY"));
    }

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
    internal async Task<JsonElement> PostAsync<T>(string path, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path)
        {
            Content = new StringContent(JsonSerializer.Serialize(body, type), Encoding.UTF8, "application/json"),
        };
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="CommandException">The server does not respond, or responds with an error or without JSON.</exception>
    private async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string path = request.RequestUri!.ToString();
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            string text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            using JsonDocument json = JsonDocument.Parse(text);
            if (response.IsSuccessStatusCode)
                return json.RootElement.Clone();
            string reported = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out JsonElement error) ? error.ToString() : text;
            throw new CommandException(string.Create(CultureInfo.InvariantCulture, $"{path} returned status {(int)response.StatusCode}: {reported}")) { ServerError = reported };
        }
        catch (HttpRequestException ex)
        {
            throw new CommandException($"{_http.BaseAddress} does not answer: {ex.Message}");
        }
        catch (JsonException)
        {
            throw new CommandException($"the response of {_http.BaseAddress} to {path} is not JSON");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandException($"{path} took longer than {RequestTimeout.TotalMinutes:0} minutes");
        }
    }
}
