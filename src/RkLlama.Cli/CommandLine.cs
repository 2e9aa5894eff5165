using System.CommandLine;
using RkLlama.Cli.Bench;
using RkLlama.Cli.Doctor;
using RkLlama.Cli.Npu;
using RkLlama.Cli.Tune;
using RkLlama.Engine.Configuration;

namespace RkLlama.Cli;

/// <summary>
/// <c>rkllama [serve] [options]</c>. Every option has an environment variable of the same name with <c>RKLLAMA_</c> in front; the command line
/// wins over it, and both win over the default.
/// </summary>
internal static class CommandLine
{
    /// <summary>One option: its value is text until <see cref="SettingsReader"/> checks it, wherever it came from.</summary>
    private static readonly (string Name, string Description)[] Settings =
    [
        ("port", "Port to listen on [8080; also PORT]"),
        ("host", "Address to listen on [all interfaces]"),
        ("models", "Models directory [~/RKLLAMA/models]"),
        ("library", "The RKLLM runtime librkllmrt.so, or its folder [the usual places]"),
        ("target_platform", "rk3588 or rk3576"),
        ("preload", "Name of a model to load at start"),
        ("queue", "How many requests may wait [64]"),
        ("queue-time", "Seconds that a request may wait [300]"),
        ("switch-time", "Seconds that a model keeps the NPU while requests for it and for others wait [30]"),
        ("keep-alive", "Seconds that a model stays loaded without use when a request of /v1 or /api has loaded it [300]"),
        ("drain", "Seconds that a running answer may take after a stop was asked for [30]"),
        ("load-timeout", "Seconds that the runtime may take to load a model [300]"),
        ("prefill-timeout", "Seconds that the runtime may take to the first token [60]"),
        ("prefill-token-timeout", "Seconds more for each token of the prompt [0.05]"),
        ("token-timeout", "Seconds that the runtime may take from one token to the next [60]"),
        ("abort-grace", "Seconds from an abort to the end of the run, before the worker is killed [10]"),
        ("heartbeat", "Longest silence of a streaming answer, in seconds [10]"),
        ("repeat-guard", "Cut an answer that repeats one phrase more often than this; 0 never does [0]"),
        ("max-body", "Largest request body, in MiB [8]"),
        ("max-connections", "Connections that are served at once [512]"),
        ("origins", "Web pages whose scripts may use the server, comma-separated; * for all [none]"),
        ("api-key", "Key that clients have to send; visible to other users of the node, so better in the file that RKLLAMA_API_KEY_FILE names [none]"),
        ("node-name", "What the node calls itself in its answers [the host's name]"),
        ("agent-port", "Port on which HAProxy's agent check is answered [none]"),
    ];

    /// <summary>Reads the arguments and runs the server, or prints help, version or what is wrong.</summary>
    /// <returns>The exit code; 2 for a bad setting.</returns>
    internal static int Run(string[] args, Func<NodeOptions, Task<int>> serve)
    {
        RootCommand root = new("RkLlama serves language models on the NPU of Rockchip RK3588 and RK3576 boards.");
        Command command = new("serve", "Start the server (the default).");
        Dictionary<string, Option<string?>> options = Settings.ToDictionary(
            setting => setting.Name,
            setting => new Option<string?>("--" + setting.Name) { Description = $"{setting.Description}; {SettingsReader.EnvironmentName(setting.Name)}", Recursive = true });
        foreach (Option<string?> option in options.Values)
            root.Options.Add(option);

        root.Subcommands.Add(command);
        root.Subcommands.Add(TuneCommand.Create(options["target_platform"], static () => Environment.GetEnvironmentVariable("RKLLAMA_TARGET_PLATFORM")));
        root.Subcommands.Add(NpuCommand.Create());
        root.Subcommands.Add(DoctorCommand.Create((result, name) => result.GetValue(options[name])));
        root.Subcommands.Add(BenchCommand.Create((result, name) => result.GetValue(options[name])));
        root.SetAction(Serve);
        command.SetAction(Serve);
        ParseResult parsed = root.Parse(args is ["--version"] ? [] : args);
        if (args is ["--version"])
        {
            Console.WriteLine(BuildInfo.Version);
            return 0;
        }

        if (parsed.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
                Console.Error.WriteLine($"rkllama: {error.Message}");
            return 2;
        }

        return parsed.InvokeAsync().GetAwaiter().GetResult();

        async Task<int> Serve(ParseResult result, CancellationToken cancellationToken)
        {
            NodeOptions settings;
            try
            {
                settings = new SettingsReader(name => result.GetValue(options[name]), Environment.GetEnvironmentVariable).Read();
            }
            catch (SettingException ex)
            {
                await Console.Error.WriteLineAsync($"rkllama: {ex.Message}").ConfigureAwait(false);
                return 2;
            }

            return await serve(settings).ConfigureAwait(false);
        }
    }
}
