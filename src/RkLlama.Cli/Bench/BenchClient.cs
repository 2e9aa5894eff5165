using System.Text;
using System.Text.Json;

namespace RkLlama.Cli.Bench;

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

/// <summary>The requests of a measurement.</summary>
internal sealed class BenchClient(NodeClient node)
{
    private static readonly string[] Words =
        ["the", "river", "of", "morning", "light", "and", "a", "small", "stone", "that", "was", "under", "every", "house", "in", "town", "where", "people", "make", "bread",
         "with", "water", "from", "old", "wells", "before", "winter", "comes", "to", "their", "green", "fields"];

    /// <inheritdoc cref="NodeClient.GetAsync"/>
    internal Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) => node.GetAsync(path, cancellationToken);

    /// <summary>
    /// Runs a prompt of common words. It starts with a random text, so that no part of it is in the KV cache. The server loads the model if necessary.
    /// </summary>
    /// <param name="words">Number of words of the prompt.</param>
    /// <param name="tokens">Maximum number of output tokens.</param>
    /// <returns>The result of the run, and the load time of the model in ms: about 0 if it was already loaded.</returns>
    /// <exception cref="CommandException">The request failed.</exception>
    internal async Task<(BenchRow Row, double LoadMs)> RunAsync(string model, int words, int tokens, CancellationToken cancellationToken)
    {
        BenchRequest body = new(model, Prompt(words), true, false, new(tokens));
        JsonElement reply = await node.PostAsync("/api/generate", body, BenchJson.Wire.BenchRequest, cancellationToken).ConfigureAwait(false);
        BenchRow row = new(
            reply.GetProperty("prompt_eval_count").GetInt32(), Ms("prompt_eval_duration"), reply.GetProperty("eval_count").GetInt32(), Ms("eval_duration"));
        return (row, Ms("load_duration"));

        double Ms(string name) => Math.Round(reply.GetProperty(name).GetInt64() / 1e6, 2);
    }

    // The words have a fixed order, so that the number of tokens depends on the number of words only.
    private static string Prompt(int words)
    {
        StringBuilder text = new(Guid.NewGuid().ToString("N")[..8]);
        for (int i = 1; i < words; i++)
            text.Append(' ').Append(Words[i % Words.Length]);
        return text.ToString();
    }
}
