using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace RkLlama.Cli.Bench;

/// <summary>The server could not be measured; the message says why.</summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>One run: what the server reports of it, which has it from the runtime's own stop-watch where the runtime has one.</summary>
/// <param name="PrefillMs">Prompt processing, up to the first token.</param>
/// <param name="DecodeMs">Behind the first token.</param>
internal sealed record BenchRow(int PromptTokens, double PrefillMs, int OutputTokens, double DecodeMs)
{
    public double PrefillTokensPerSecond => PrefillMs > 0 ? Math.Round(PromptTokens / PrefillMs * 1000, 1) : 0;

    public double DecodeTokensPerSecond => DecodeMs > 0 && OutputTokens > 1 ? Math.Round((OutputTokens - 1) / DecodeMs * 1000, 2) : 0;
}

/// <summary>A running server, seen as its clients see it.</summary>
internal sealed class BenchClient : IDisposable
{
    // A prefill of thousands of tokens on a slow node takes minutes.
    private static readonly TimeSpan RunTime = TimeSpan.FromMinutes(10);

    private static readonly string[] Words =
        ["the", "river", "of", "morning", "light", "and", "a", "small", "stone", "that", "was", "under", "every", "house", "in", "town", "where", "people", "make", "bread",
         "with", "water", "from", "old", "wells", "before", "winter", "comes", "to", "their", "green", "fields"];

    private readonly HttpClient _http;

    /// <param name="key">The server's API key, if it has one.</param>
    internal BenchClient(Uri url, string? key)
    {
        _http = new() { BaseAddress = url, Timeout = RunTime };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The answer of a GET.</summary>
    /// <exception cref="BenchException">There is no server, or it refuses.</exception>
    internal async Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One run on a prompt that no other run began with, so that none of it is cached. Loads the model, if it has to.</summary>
    /// <returns>The row, and how long the load took, in ms.</returns>
    /// <exception cref="BenchException">It failed.</exception>
    internal async Task<(BenchRow Row, double LoadMs)> RunAsync(string model, int words, int tokens, CancellationToken cancellationToken)
    {
        BenchRequest body = new(model, Prompt(words), true, false, new(tokens));
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/generate")
        {
            Content = new StringContent(JsonSerializer.Serialize(body, BenchJson.Wire.BenchRequest), Encoding.UTF8, "application/json"),
        };
        JsonElement answer = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        BenchRow row = new(
            answer.GetProperty("prompt_eval_count").GetInt32(), Ms("prompt_eval_duration"), answer.GetProperty("eval_count").GetInt32(), Ms("eval_duration"));
        return (row, Ms("load_duration"));

        double Ms(string name) => Math.Round(answer.GetProperty(name).GetInt64() / 1e6, 2);
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
                    $"{path} was answered with {(int)response.StatusCode}: {(json.RootElement.TryGetProperty("error", out JsonElement error) ? error.ToString() : text)}"));
        }
        catch (HttpRequestException ex)
        {
            throw new BenchException($"{_http.BaseAddress} does not answer: {ex.Message}");
        }
        catch (JsonException)
        {
            throw new BenchException($"{_http.BaseAddress} answers {path} with something that is not JSON");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BenchException($"{path} took longer than {RunTime.TotalMinutes:0} minutes");
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
