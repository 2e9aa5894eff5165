using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace RkLlama.Cli.Bench;

/// <summary>The measurement failed. The message is the reason, for the user.</summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>
/// The result of one run, as the server reports it. The vendor library measures the times if its version is 1.2.1 or later, otherwise the server does.
/// </summary>
/// <param name="PrefillMs">Time from the start of the run to the first token, in ms.</param>
/// <param name="DecodeMs">Time from the first token to the end of the run, in ms.</param>
internal sealed record BenchRow(int PromptTokens, double PrefillMs, int OutputTokens, double DecodeMs)
{
    /// <summary>Prompt tokens per second of prefill; 0 if unknown.</summary>
    public double PrefillTokensPerSecond => PrefillMs > 0 ? Math.Round(PromptTokens / PrefillMs * 1000, 1) : 0;

    /// <summary>Output tokens per second of decode, without the first token; 0 if unknown.</summary>
    public double DecodeTokensPerSecond => DecodeMs > 0 && OutputTokens > 1 ? Math.Round((OutputTokens - 1) / DecodeMs * 1000, 2) : 0;
}

/// <summary>An HTTP client for the RkLlama server that is measured.</summary>
internal sealed class BenchClient : IDisposable
{
    // On a slow node, the prefill of thousands of tokens takes minutes.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMinutes(10);

    private static readonly string[] Words =
        ["the", "river", "of", "morning", "light", "and", "a", "small", "stone", "that", "was", "under", "every", "house", "in", "town", "where", "people", "make", "bread",
         "with", "water", "from", "old", "wells", "before", "winter", "comes", "to", "their", "green", "fields"];

    private readonly HttpClient _http;

    /// <param name="url">The base address of the server.</param>
    /// <param name="key">The API key of the server; <see langword="null"/> if it needs none.</param>
    internal BenchClient(Uri url, string? key)
    {
        _http = new() { BaseAddress = url, Timeout = RequestTimeout };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a GET request and returns the body of the response.</summary>
    /// <exception cref="BenchException">The server does not respond, or responds with an error or without JSON.</exception>
    internal async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Runs a prompt of random words. It starts with a random text, so that no part of it is in the KV cache. The server loads the model if necessary.
    /// </summary>
    /// <param name="words">Number of words of the prompt.</param>
    /// <param name="tokens">Maximum number of output tokens.</param>
    /// <returns>The result of the run, and the load time of the model in ms: about 0 if it was already loaded.</returns>
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
