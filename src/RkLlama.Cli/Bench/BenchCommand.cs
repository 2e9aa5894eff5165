using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace RkLlama.Cli.Bench;

/// <summary>
/// <c>rkllama bench</c>: measures prefill and decode speed of a model on a running server at several prompt lengths, and compares it with the vendor's
/// figures.
/// </summary>
internal static class BenchCommand
{
    // The vendor's figures are for 128 prompt tokens and 64 output tokens; before release 1.2, for 64 prompt tokens and 256 output tokens.
    private const string DefaultLengths = "64,128,512,1024";
    private const int DefaultTokens = 64;

    /// <param name="platform">The option <c>--target_platform</c>.</param>
    internal static Command Create(NodeArguments node, Argument<string?> model, Option<string?> platform)
    {
        Option<string> lengths = new("--lengths") { Description = "Approximate prompt lengths in tokens, comma-separated", DefaultValueFactory = static _ => DefaultLengths };
        Option<int> tokens = new("--tokens") { Description = "Output tokens per run", DefaultValueFactory = static _ => DefaultTokens };
        Option<int> time = new("--time") { Description = "Seconds after which no further run starts", DefaultValueFactory = static _ => 600 };
        Option<bool> json = new("--json") { Description = "Print one JSON object" };
        return CommandAction.Create(
            "bench", "Measure a model on a running server and compare it with the vendor's figures.", node, [model, lengths, tokens, time, json, platform], async (result, client, cancellationToken) =>
            {
                if (Numbers(result.GetValue(lengths)!) is not { } wanted)
                    throw new CommandException($"--lengths: '{result.GetValue(lengths)}' is not a list of numbers (16 to 100000)") { ExitCode = 2 };
                if (result.GetValue(tokens) is < 2 or > 4096)
                    throw new CommandException($"--tokens: {result.GetValue(tokens)} is not a number of tokens (2 to 4096)") { ExitCode = 2 };

                Measurement measurement = new(new(client), wanted, result.GetValue(tokens), TimeSpan.FromSeconds(result.GetValue(time)), TimeProvider.System);
                BenchReport report = await measurement.RunAsync(result.GetValue(model), result.GetValue(platform), cancellationToken).ConfigureAwait(false);
                await Console.Out.WriteAsync(result.GetValue(json) ? JsonSerializer.Serialize(report, BenchJson.Wire.BenchReport) + "\n" : report.ToText()).ConfigureAwait(false);
                return 0;
            });
    }

    private static int[]? Numbers(string text)
    {
        int[] numbers = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(static word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 16 and <= 100_000 ? number : 0)];
        return numbers.Length is > 0 and <= 16 && !numbers.Contains(0) ? numbers : null;
    }
}
