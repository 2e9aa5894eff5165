using System.CommandLine;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Npu;

/// <summary>
/// <c>rkllama npu</c>: prints the same values as <c>GET /npu</c>, but reads them itself, without a server. Only root can read all of them.
/// </summary>
internal static class NpuCommand
{
    private const double DefaultSeconds = 0.5;

    internal static Command Create()
    {
        Option<double?> watch = new("--watch") { Description = "Repeat at this interval in seconds [0.5], until Ctrl-C", Arity = ArgumentArity.ZeroOrOne, HelpName = "SECONDS" };
        Option<bool> json = new("--json") { Description = "Print JSON, one object per line" };
        Option<string> root = new("--root") { Description = "The directory that contains sys and proc", Hidden = true, DefaultValueFactory = static _ => "/" };
        Command command = new("npu", "Show driver, load, clocks and temperatures of the NPU and the node. Run as root for all values.") { watch, json, root };
        watch.Validators.Add(static result =>
        {
            if (result.Tokens is [{ } token] && !(double.TryParse(token.Value, System.Globalization.CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.1 and <= 3600))
                result.AddError($"--watch: '{token.Value}' is not a number of seconds (0.1 to 3600)");
        });
        command.SetAction((result, cancellationToken) =>
        {
            TimeSpan? interval = result.GetResult(watch) is null ? null : TimeSpan.FromSeconds(result.GetValue(watch) ?? DefaultSeconds);
            return RunAsync(new(result.GetValue(root)!), interval, result.GetValue(json), Console.Out, !Console.IsOutputRedirected, cancellationToken);
        });
        return command;
    }

    /// <param name="interval">Time between two readings, until the command is cancelled; <see langword="null"/> for a single reading.</param>
    /// <param name="json">Whether to print JSON, one object per line, instead of a table.</param>
    /// <param name="isScreen">Whether the output is a terminal. Then each table overwrites the previous one.</param>
    /// <returns>The exit code. For a single reading, 1 if the NPU load could not be read; otherwise 0.</returns>
    internal static async Task<int> RunAsync(HardwareReader reader, TimeSpan? interval, bool json, TextWriter output, bool isScreen, CancellationToken cancellationToken)
    {
        const string Clear = "\e[H\e[2J";
        while (true)
        {
            NodeReading node = reader.Read();
            string text = json ? JsonSerializer.Serialize(NpuReply.From(node), StatusJson.Wire.NpuReply) + "\n" : NpuTable.Format(node);
            await output.WriteAsync(interval is not null && isScreen && !json ? Clear + text : text).ConfigureAwait(false);
            await output.FlushAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (interval is not { } time)
                return node.CoreLoads is null ? 1 : 0;
            await Task.Delay(time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return 0;
        }
    }
}
