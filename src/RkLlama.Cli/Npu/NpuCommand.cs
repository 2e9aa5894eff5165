using System.CommandLine;
using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Hardware;

namespace RkLlama.Cli.Npu;

/// <summary><c>rkllama npu</c>: what <c>GET /npu</c> answers, read by whoever calls it; as root there is nothing that it may not read.</summary>
internal static class NpuCommand
{
    private const double DefaultSeconds = 0.5;

    internal static Command Create()
    {
        Option<double?> watch = new("--watch") { Description = "Again every so many seconds [0.5], until Ctrl-C", Arity = ArgumentArity.ZeroOrOne, HelpName = "SECONDS" };
        Option<bool> json = new("--json") { Description = "As JSON, one object a line" };
        Option<string> root = new("--root") { Description = "The folder that has sys and proc in it", Hidden = true, DefaultValueFactory = static _ => "/" };
        Command command = new("npu", "Show driver, load, clocks and temperatures of the NPU and the node; as root for all of it.") { watch, json, root };
        watch.Validators.Add(static result =>
        {
            if (result.Tokens is [{ } token] && !(double.TryParse(token.Value, System.Globalization.CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.1 and <= 3600))
                result.AddError($"--watch: '{token.Value}' is not a number of seconds (0.1 to 3600)");
        });
        command.SetAction((result, cancellationToken) =>
        {
            TimeSpan? pause = result.GetResult(watch) is null ? null : TimeSpan.FromSeconds(result.GetValue(watch) ?? DefaultSeconds);
            return RunAsync(new(result.GetValue(root)!), pause, result.GetValue(json), Console.Out, !Console.IsOutputRedirected, cancellationToken);
        });
        return command;
    }

    /// <param name="pause">Between two readings; <see langword="null"/> for one reading.</param>
    /// <param name="isScreen">Whether each table takes the place of the last.</param>
    /// <returns>0 when the load is known, else 1, so that scripts can tell.</returns>
    internal static async Task<int> RunAsync(NpuReader reader, TimeSpan? pause, bool json, TextWriter output, bool isScreen, CancellationToken cancellationToken)
    {
        const string Clear = "\e[H\e[2J";
        while (true)
        {
            NodeReading node = reader.Read();
            string text = json ? JsonSerializer.Serialize(NpuReply.From(node), StatusJson.Wire.NpuReply) + "\n" : NpuTable.Of(node);
            await output.WriteAsync(pause is not null && isScreen && !json ? Clear + text : text).ConfigureAwait(false);
            await output.FlushAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (pause is not { } time)
                return node.CoreLoads is null ? 1 : 0;
            await Task.Delay(time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return 0;
        }
    }
}
