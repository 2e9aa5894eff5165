using System.CommandLine;
using RkLlama.Cli.Bench;
using RkLlama.Cli.Doctor;
using RkLlama.Cli.Move;
using RkLlama.Cli.Npu;
using RkLlama.Cli.Tune;
using RkLlama.Engine.Configuration;

namespace RkLlama.Cli;

/// <summary>
/// Parses <c>rkllama [command] [options]</c> and runs the command. Each common option also has an environment variable with the prefix <c>RKLLAMA_</c>.
/// The option has priority over the variable, and the variable has priority over the default.
/// </summary>
internal static class CommandLine
{
    /// <summary>The common options, which every command accepts. <see cref="SettingsReader"/> validates their values.</summary>
    private static readonly (string Name, string Description)[] Settings =
    [
        ("port", "Port to listen on [8080; also PORT]"),
        ("host", "Address to listen on [all interfaces]"),
        ("models", "Models directory [~/RKLLAMA/models]"),
        ("library", "The RKLLM runtime librkllmrt.so, or its directory [standard directories]"),
        ("target_platform", "rk3588 or rk3576"),
        ("preload", "Name of a model to load at start"),
        ("queue", "Maximum number of waiting requests [64]"),
        ("queue-time", "Maximum time in the queue, in seconds [300]"),
        ("switch-time", "Seconds that a model keeps the NPU while requests for it and for other models wait [30]"),
        ("keep-alive", "Seconds until an idle model is unloaded, if a request on /v1 or /api loaded it [300]"),
        ("drain", "Seconds that the active run may take to finish when the server stops [30]"),
        ("load-timeout", "Timeout of a model load, in seconds [300]"),
        ("prefill-timeout", "Timeout of the first token, in seconds [60]"),
        ("prefill-token-timeout", "Additional seconds for each prompt token [0.05]"),
        ("token-timeout", "Timeout of each further token, in seconds [60]"),
        ("abort-grace", "Seconds that an aborted run may take to end before its worker is killed [10]"),
        ("heartbeat", "Interval of keep-alives in a stream, in seconds [10]"),
        ("repeat-guard", "End a generation that repeats one phrase more often than this; 0 for no limit [0]"),
        ("max-body", "Maximum size of a request body, in MiB [8]"),
        ("memory", "Maximum memory of the server process without the models, in MiB [256]"),
        ("max-connections", "Maximum number of connections [512]"),
        ("max-connections-per-address", "Maximum number of connections of one client address [half of max-connections]"),
        ("origins", "Origins of web pages that may use the server (CORS), comma-separated; * for all [none]"),
        ("api-key", "Key that clients must send. Other users of the node can see this option; a file in RKLLAMA_API_KEY_FILE is safer [none]"),
        ("read-only", "Only answer requests: clients cannot load, unload, copy, rename or delete models [false]"),
        ("node-name", "Name of the node in its responses [host name]"),
        ("agent-port", "Port for HAProxy's agent check [none]"),
    ];

    /// <summary>Parses the arguments and runs the command.</summary>
    /// <param name="serve">Runs the server with the settings and returns its exit code.</param>
    /// <returns>The exit code of the command; 2 for an invalid argument or setting.</returns>
    internal static int Run(string[] args, Func<NodeOptions, Task<int>> serve)
    {
        RootCommand root = new("RkLlama serves language models on the NPU of Rockchip RK3588 and RK3576 boards.");
        Command command = new("serve", "Start the server (the default).");
        Dictionary<string, Option<string?>> options = Settings.ToDictionary(
            setting => setting.Name,
            setting => new Option<string?>("--" + setting.Name) { Description = $"{setting.Description}; {SettingsReader.EnvironmentName(setting.Name)}", Recursive = true });

        // The only setting that may stand without a value.
        options["read-only"].Arity = ArgumentArity.ZeroOrOne;
        options["read-only"].CustomParser = static result => result.Tokens is [var token] ? token.Value : "true";
        foreach (Option<string?> option in options.Values)
            root.Options.Add(option);

        root.Subcommands.Add(command);
        root.Subcommands.Add(TuneCommand.Create(options["target_platform"], static () => Environment.GetEnvironmentVariable("RKLLAMA_TARGET_PLATFORM")));
        root.Subcommands.Add(NpuCommand.Create());
        root.Subcommands.Add(DoctorCommand.Create((result, name) => result.GetValue(options[name])));
        root.Subcommands.Add(BenchCommand.Create((result, name) => result.GetValue(options[name])));
        root.Subcommands.Add(MoveCommand.Create((result, name) => result.GetValue(options[name])));
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
