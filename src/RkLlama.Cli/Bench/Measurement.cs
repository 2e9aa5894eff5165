using System.Globalization;
using System.Text.Json;

namespace RkLlama.Cli.Bench;

/// <summary>Measures one model at several prompt lengths.</summary>
/// <param name="lengths">Approximate prompt lengths in tokens.</param>
/// <param name="tokens">Maximum number of output tokens per run.</param>
/// <param name="time">Time limit. After it no further run starts, but a run that has started continues.</param>
internal sealed class Measurement(BenchClient client, IReadOnlyList<int> lengths, int tokens, TimeSpan time, TimeProvider clock)
{
    private const int WarmUpWords = 40;

    /// <summary>Makes one run to warm up, then one run for each prompt length, one after the other.</summary>
    /// <param name="named">The model to load; <see langword="null"/> for the loaded model.</param>
    /// <param name="platform">The chip from the settings; <see langword="null"/> for the chip that the server reports.</param>
    /// <exception cref="CommandException">The server does not respond, or no prompt length could be measured.</exception>
    internal async Task<BenchReport> RunAsync(string? named, string? platform, CancellationToken cancellationToken)
    {
        long start = clock.GetTimestamp();
        string model = named ?? Text(await client.GetAsync("/current_model", cancellationToken).ConfigureAwait(false), "model")!;

        // The warm-up run loads the model, makes the frequency governors raise the clocks, and measures the number of tokens per word.
        (BenchRow first, double loadMs) = await client.RunAsync(model, WarmUpWords, 2, cancellationToken).ConfigureAwait(false);
        double tokensPerWord = Math.Max(1.0, first.PromptTokens / (double)WarmUpWords);
        List<BenchRow> rows = [];
        List<string> skipped = [];
        foreach (int length in lengths)
        {
            if (clock.GetElapsedTime(start) > time)
            {
                skipped.Add($"{length} tokens: the time limit of {time.TotalSeconds:0} s (--time) is over");
                continue;
            }

            try
            {
                rows.Add((await client.RunAsync(model, (int)Math.Max(2, length / tokensPerWord), tokens, cancellationToken).ConfigureAwait(false)).Row);
            }
            catch (CommandException ex) when (rows.Count > 0 || ex.Message.Contains("context", StringComparison.OrdinalIgnoreCase))
            {
                skipped.Add($"{length} tokens: {ex.Message}");
            }
        }

        if (rows.Count == 0)
            throw new CommandException(string.Join("; ", skipped));

        JsonElement health = await client.GetAsync("/health", cancellationToken).ConfigureAwait(false);
        JsonElement npu = await client.GetAsync("/npu", cancellationToken).ConfigureAwait(false);
        string? runtime = Text(health, "runtime_version"), chip = platform ?? Text(npu, "platform");
        VendorFigure? figure = VendorTable.Find(model, chip, runtime, out string? reason);
        return new(
            model, runtime, Text(health, "driver_version") ?? Text(npu, "driver_version"), chip, loadMs >= 1 ? loadMs : null, rows,
            figure is null ? null : BenchComparison.From(figure, rows), reason, LowClocks(npu), skipped);
    }

    /// <summary>Returns a text for each clock below 90 % of its maximum, except the GPU clock.</summary>
    /// <param name="npu">Response of <c>GET /npu</c> directly after a run, before the governors lower the clocks.</param>
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
