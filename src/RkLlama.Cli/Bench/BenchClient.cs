using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace RkLlama.Cli.Bench;

/// <summary>The measurement failed. The message gives the reason.</summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>One run with the times that the server reports. If the runtime measures times (from 1.2.1), they are those of the runtime.</summary>
/// <param name="PrefillMs">Time of prompt processing, up to the first token, in ms.</param>
/// <param name="DecodeMs">Time after the first token, in ms.</param>
internal sealed record BenchRow(int PromptTokens, double PrefillMs, int OutputTokens, double DecodeMs)
{
    public double PrefillTokensPerSecond => PrefillMs > 0 ? Math.Round(PromptTokens / PrefillMs * 1000, 1) : 0;

    public double DecodeTokensPerSecond => DecodeMs > 0 && OutputTokens > 1 ? Math.Round((OutputTokens - 1) / DecodeMs * 1000, 2) : 0;
}

/// <summary>An HTTP client of a running server.</summary>
internal sealed class BenchClient : IDisposable
{
    // A prefill of thousands of tokens on a slow node takes minutes.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMinutes(10);

    private static readonly string[] Words =
        ["the", "river", "of", "morning", "light", "and", "a", "small", "stone", "that", "was", "under", "every", "house", "in", "town", "where", "people", "make", "bread",
         "with", "water", "from", "old", "wells", "before", "winter", "comes", "to", "their", "green", "fields"];

    private readonly HttpClient _http;

    /// <param name="key">The API key of the server; <see langword="null"/> if it has none.</param>
    internal BenchClient(Uri url, string? key)
    {
        _http = new() { BaseAddress = url, Timeout = RequestTimeout };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a GET request and returns the JSON response.</summary>
    /// <exception cref="BenchException">The server does not respond, or returns an error.</exception>
    internal async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs a prompt with a unique prefix, so that no part of it is in the KV cache. Loads the model if necessary.</summary>
    /// <returns>The measurements, and the load time in ms.</returns>
    /// <exception cref="BenchException">The request failed.</exception>
    internal async Task<(BenchRow Row, double LoadMs)> RunAsync(string model, int words, int tokens, CancellationToken cancellationToken)
    {
        BenchRequest body = new(model, Prompt(words), true, false, new(tokens));
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/generate")
        {
            Content = new StringContent(JsonSerializer.Serialize(body, BenchJson.Wire.BenchRequest), Encoding.UTF8, "application/json"),
        };
        JsonElement reply = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        BenchRow row = new(
            reply.GetProperty("prompt_eval_count").GetInt32(), Ms("prompt_eval_duration"), reply.GetProperty("eval_count").GetInt32(), Ms("eval_duration"));
        return (row, Ms("load_duration"));

        double Ms(string name) => Math.Round(reply.GetProperty(name).GetInt64() / 1e6, 2);
    }

    private async Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string path = request.RequestUri!.ToString();
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            string text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            using JsonDocument json = JsonDocument.Parse(text);
            return response.IsSuccessStatusCode
                ? json.RootElement.Clone()
                : throw new BenchException(string.Create(CultureInfo.InvariantCulture,
                    $"{path} returned status {(int)response.StatusCode}: {(json.RootElement.TryGetProperty("error", out JsonElement error) ? error.ToString() : text)}"));
        }
        catch (HttpRequestException ex)
        {
            throw new BenchException($"{_http.BaseAddress} does not answer: {ex.Message}");
        }
        catch (JsonException)
        {
            throw new BenchException($"the response of {_http.BaseAddress} to {path} is not JSON");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BenchException($"{path} took longer than {RequestTimeout.TotalMinutes:0} minutes");
        }
    }

    private static string Prompt(int words)
    {
        StringBuilder text = new(Guid.NewGuid().ToString("N")[..8]);
        for (int i = 1; i < words; i++)
            text.Append(' ').Append(Words[Random.Shared.Next(Words.Length)]);
        return text.ToString();
    }
}
