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

    /// <param name="setting">Returns the value of a common option, given its name without <c>--</c>; <see langword="null"/> if it is not set.</param>
    internal static Command Create(Func<ParseResult, string, string?> setting)
    {
        Argument<string?> model = new("model") { Description = "Model to load and measure [the loaded model]", Arity = ArgumentArity.ZeroOrOne };
        Option<string> url = new("--url") { Description = "Server to measure", DefaultValueFactory = static _ => "http://127.0.0.1:8080" };
        Option<string> lengths = new("--lengths") { Description = "Approximate prompt lengths in tokens, comma-separated", DefaultValueFactory = static _ => DefaultLengths };
        Option<int> tokens = new("--tokens") { Description = "Output tokens per run", DefaultValueFactory = static _ => DefaultTokens };
        Option<int> time = new("--time") { Description = "Seconds after which no further run starts", DefaultValueFactory = static _ => 600 };
        Option<bool> json = new("--json") { Description = "Print one JSON object" };
        Command command = new("bench", "Measure a model on a running server and compare it with the vendor's figures.") { model, url, lengths, tokens, time, json };
        command.SetAction(async (result, cancellationToken) =>
        {
            if (!Uri.TryCreate(result.GetValue(url), UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
                return await FailAsync($"--url: '{result.GetValue(url)}' is not the address of a server").ConfigureAwait(false);
            if (address.Scheme == "https" && !TlsLibrary.IsInstalled)
                return await FailAsync($"--url: {TlsLibrary.Missing}", code: 1).ConfigureAwait(false);
            if (Numbers(result.GetValue(lengths)!) is not { } wanted)
                return await FailAsync($"--lengths: '{result.GetValue(lengths)}' is not a list of numbers (16 to 100000)").ConfigureAwait(false);
            if (result.GetValue(tokens) is < 2 or > 4096)
                return await FailAsync($"--tokens: {result.GetValue(tokens)} is not a number of tokens (2 to 4096)").ConfigureAwait(false);

            using BenchClient client = new(address, setting(result, "api-key") ?? Environment.GetEnvironmentVariable("RKLLAMA_API_KEY"));
            Measurement measurement = new(client, wanted, result.GetValue(tokens), TimeSpan.FromSeconds(result.GetValue(time)), TimeProvider.System);
            try
            {
                BenchReport report = await measurement.RunAsync(result.GetValue(model), setting(result, "target_platform"), cancellationToken).ConfigureAwait(false);
                await Console.Out.WriteAsync(result.GetValue(json) ? JsonSerializer.Serialize(report, BenchJson.Wire.BenchReport) + "\n" : report.ToText()).ConfigureAwait(false);
                return 0;
            }
            catch (BenchException ex)
            {
                return await FailAsync(ex.Message, code: 1).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<int> FailAsync(string message, int code = 2)
    {
        await Console.Error.WriteLineAsync($"rkllama: {message}").ConfigureAwait(false);
        return code;
    }

    private static int[]? Numbers(string text)
    {
        int[] numbers = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(static word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 16 and <= 100_000 ? number : 0)];
        return numbers.Length is > 0 and <= 16 && !numbers.Contains(0) ? numbers : null;
    }
}
