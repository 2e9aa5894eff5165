using System.Globalization;
using System.Text.Json;

namespace RkLlama.Cli.Bench;

/// <summary>One measurement.</summary>
/// <param name="lengths">Tokens of prompt, about.</param>
/// <param name="tokens">Tokens of answer.</param>
/// <param name="time">After which no further length is begun.</param>
internal sealed class Measurement(BenchClient client, IReadOnlyList<int> lengths, int tokens, TimeSpan time, TimeProvider clock)
{
    private const int WarmUpWords = 40;

    /// <param name="named">The model to load; the loaded one when it is not named.</param>
    /// <param name="platform">The operator's word on the platform, where the server does not know it.</param>
    /// <exception cref="BenchException">The server does not answer, or the model does not.</exception>
    internal async Task<BenchReport> RunAsync(string? named, string? platform, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        string model = named ?? Text(await client.GetAsync("/current_model", cancellationToken).ConfigureAwait(false), "model")!;

        // Loads the model, wakes the clocks up, and tells how many tokens a word has.
        (BenchRow first, double loadMs) = await client.RunAsync(model, WarmUpWords, 2, cancellationToken).ConfigureAwait(false);
        double tokensPerWord = Math.Max(1.0, first.PromptTokens / (double)WarmUpWords);
        List<BenchRow> rows = [];
        List<string> skipped = [];
        foreach (int length in lengths)
        {
            if (clock.GetElapsedTime(start) > time)
            {
                skipped.Add($"{length} tokens: the {time.TotalSeconds:0} s of --time are over");
                continue;
            }

            try
            {
                rows.Add((await client.RunAsync(model, (int)Math.Max(2, length / tokensPerWord), tokens, cancellationToken).ConfigureAwait(false)).Row);
            }
            catch (BenchException ex) when (rows.Count > 0 || ex.Message.Contains("context", StringComparison.OrdinalIgnoreCase))
            {
                skipped.Add($"{length} tokens: {ex.Message}");
            }
        }

        if (rows.Count == 0)
            throw new BenchException(string.Join("; ", skipped));

        JsonElement health = await client.GetAsync("/health", cancellationToken).ConfigureAwait(false);
        JsonElement npu = await client.GetAsync("/npu", cancellationToken).ConfigureAwait(false);
        string? runtime = Text(health, "runtime_version"), chip = platform ?? Text(npu, "platform");
        VendorFigure? figure = VendorTable.Find(model, chip, runtime, out string? reason);
        return new(
            model, runtime, Text(health, "driver_version") ?? Text(npu, "driver_version"), chip, loadMs >= 1 ? loadMs : null, rows,
            figure is null ? null : BenchComparison.Of(figure, rows), reason, LowClocks(npu), skipped);
    }

    /// <summary>Clocks below nine tenths of their highest, right after the load of a measurement.</summary>
    private static List<string> LowClocks(JsonElement npu)
    {
        List<string> low = [];
        foreach (JsonElement one in npu.GetProperty("clocks").EnumerateArray())
        {
            if (one.GetProperty("name").GetString() is { } name && name != "gpu"
                && one.GetProperty("hertz") is { ValueKind: JsonValueKind.Number } now && one.GetProperty("max_hertz") is { ValueKind: JsonValueKind.Number } highest
                && now.GetInt64() * 10 < highest.GetInt64() * 9)
                low.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {now.GetInt64() / 1_000_000} of {highest.GetInt64() / 1_000_000} MHz"));
        }

        return low;
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
