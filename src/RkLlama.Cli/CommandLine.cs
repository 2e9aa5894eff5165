using System.CommandLine;
using RkLlama.Cli.Bench;
using RkLlama.Cli.Chat;
using RkLlama.Cli.Doctor;
using RkLlama.Cli.Models;
using RkLlama.Cli.Move;
using RkLlama.Cli.Npu;
using RkLlama.Cli.Terminal;
using RkLlama.Cli.Tune;
using RkLlama.Engine.Configuration;
using RkLlama.Hub.Hubs;

namespace RkLlama.Cli;

/// <summary>
/// Parses <c>rkllama [command] [options]</c> and runs the command. Each setting of the server also has an environment variable with the prefix
/// <c>RKLLAMA_</c>. The option has priority over the variable, and the variable has priority over the default.
/// </summary>
internal static class CommandLine
{
    /// <summary>The settings of the server, for <c>serve</c> and <c>doctor</c>. <see cref="SettingsReader"/> validates their values.</summary>
    private static readonly (string Name, string Description)[] Settings =
    [
        ("port", "Port to listen on [8080; also PORT]"),
        ("host", "Address to listen on [all interfaces]"),
        ("models", "Models directory [~/RKLLAMA/models]"),
        ("library", "The RKLLM runtime librkllmrt.so, or its directory [standard directories]"),
        ("rknn-library", "The RKNN runtime librknnrt.so for vision models, or its directory [beside librkllmrt.so, standard directories]"),
        ("target_platform", "rk3588 or rk3576"),
        ("preload", "Names of models to load at start, separated by commas"),
        ("max-models", "Number of models in memory at the same time, or auto: one for text, one for embeddings, one for reranking [auto]"),
        ("slots", "Maximum number of workers of a model that generates text, each with its own KV cache [1]"),
        ("cache-sharing", "Whether the requests of all clients share the KV caches [true]"),
        ("prompt-cache", "Disk space for the beginnings of prompts that models load after a restart, such as 512M or 2G; 0: save none [512M]"),
        ("store", "Disk space for answers that clients can ask for later, such as 64M; 0: store none [64M]"),
        ("linger", "Seconds for which the run of a resumable stream goes on without its client; 0: no stream is resumable [120]"),
        ("queue", "Maximum number of waiting requests [64]"),
        ("queue-time", "Maximum time in the queue, in seconds [300]"),
        ("switch-time", "Seconds after a load in which requests for models in memory run before requests that need another load [30]"),
        ("fairness", "Seconds for which later requests, whose prompt is in the KV cache, can overtake a waiting request; 0 for the order of arrival [30]"),
        ("follow-up", "Seconds for which the NPU stays free for the next turn of a conversation, if all waiting requests would replace its KV cache; 0 for none [0.15]"),
        ("keep-alive", "Seconds until an idle model is unloaded, if a request on /v1 or /api loaded it [300]"),
        ("drain", "Seconds that the active run may take to finish when the server stops [30]"),
        ("load-timeout", "Timeout of a model load, in seconds [300]"),
        ("prefill-timeout", "Timeout of the first token, in seconds [60]"),
        ("prefill-token-timeout", "Additional seconds for each prompt token [0.05]"),
        ("token-timeout", "Timeout of each further token, in seconds [60]"),
        ("abort-grace", "Seconds that an aborted run may take to end before its worker is killed [10]"),
        ("heartbeat", "Interval of keep-alives in a stream, in seconds [10]"),
        ("repeat-guard", "End a generation that repeats one phrase more often than this; 0 for no limit [0]"),
        ("constrained-output", "Whether answers in JSON are held to their format while the model writes them [true]"),
        ("max-body", "Maximum size of a request body, in MiB [8]"),
        ("memory", "Maximum memory of the server process without the models, in MiB [256]"),
        ("max-connections", "Maximum number of connections [512]"),
        ("max-connections-per-address", "Maximum number of connections of one client address [half of max-connections]"),
        ("origins", "Origins of web pages that may use the server (CORS), comma-separated; * for all [none]"),
        ("hosts", "Further host names of the node, comma-separated; *.DOMAIN for all below a domain; * for all [addresses and local names]"),
        ("no-ui", "Serve no page at /ui/ [false]"),
        ("peers", "Addresses of the other nodes for the page, comma-separated, such as http://node2:8080 [none]"),
        ("allow-edit", "Let clients change the Modelfiles of the node [false]"),
        ("api-key", "Key that clients must send. Other users of the node can see this option; a file in RKLLAMA_API_KEY_FILE is safer [none]"),
        ("read-only", "Only answer requests: clients cannot load, unload, copy, rename or delete models [false]"),
        ("share-models", "Let other nodes download the models of this node [false]"),
        ("pull", "Models to download at start, if the node does not have them, comma-separated"),
        ("pull-rate", "Maximum rate of downloads, in MB per second; 0 for no limit [0]"),
        ("node-name", "Name of the node in its responses [host name]"),
        ("agent-port", "Port for HAProxy's agent check [none]"),
    ];

    /// <summary>Parses the arguments and runs the command.</summary>
    /// <param name="serve">Runs the server with the settings and returns its exit code.</param>
    /// <param name="isWholeProcess">
    /// Whether the process runs nothing else. If true, and the reader of a client command's output closes the pipe, SIGPIPE ends the process.
    /// </param>
    /// <returns>The exit code of the command; 2 for an invalid argument or setting.</returns>
    internal static int Run(string[] args, Func<NodeOptions, Task<int>> serve, bool isWholeProcess = false)
    {
        if (args is ["--version"])
        {
            Console.WriteLine(BuildInfo.Version);
            return 0;
        }

        RootCommand root = Create(serve);

        // Otherwise a prompt such as "@everyone" would be the name of a file with arguments.
        ParseResult parsed = root.Parse(RunCommand.Normalize(args), new() { ResponseFileTokenReplacer = null });
        if (!root.Directives.Any(directive => parsed.GetResult(directive) is not null) && UsageErrors.Find(parsed) is { } error)
            return CommandException.PrintAsync(error, exitCode: 2).GetAwaiter().GetResult();

        // The server runs on without the reader of its log, and does not wait for it. Server and doctor write to pipes of workers, which may end at any time.
        bool isServer = parsed.CommandResult.Command is RootCommand or { Name: "serve" };
        if (isWholeProcess && !isServer && parsed.CommandResult.Command is not { Name: "doctor" })
            BrokenPipe.EndsProcess();
        try
        {
            int code = parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false }).GetAwaiter().GetResult();
            if (!isServer)
                Console.Out.Flush();
            return code;
        }
        catch (IOException ex)
        {
            // For example, stdout is a file on a full disk.
            return CommandException.PrintAsync(ex.Message.TrimEnd('.'), exitCode: 1).GetAwaiter().GetResult();
        }
#pragma warning disable CA1031 // a fault of the command line itself: its stack trace helps to mend it
        catch (Exception ex)
#pragma warning restore CA1031
        {
            Console.Error.WriteLine($"Unhandled exception: {ex}");
            return 1;
        }
    }

    /// <summary>Creates the tree of all commands, options and arguments, with their descriptions.</summary>
    /// <inheritdoc cref="Run"/>
    internal static RootCommand Create(Func<NodeOptions, Task<int>> serve)
    {
        RootCommand root = new("RkLlama serves language models on the NPU of Rockchip RK3588 and RK3576 boards. The commands that use a node speak to its HTTP API.");
        Command command = new("serve", "Start the server (the default).");
        Dictionary<string, Option<string?>> options = Settings.ToDictionary(
            setting => setting.Name,
            setting => new Option<string?>("--" + setting.Name) { Description = $"{setting.Description}; {SettingsReader.EnvironmentName(setting.Name)}" });

        // The settings that may stand without a value.
        foreach (string name in (string[])["read-only", "share-models", "no-ui", "allow-edit"])
        {
            options[name].Arity = ArgumentArity.ZeroOrOne;
            options[name].CustomParser = static result => result.Tokens is [var token] ? token.Value : "true";
        }

        // The address of the node may stand before the name of the command. There, --host is the setting of the server.
        Option<string?> url = new("--url") { Description = "The node, for the commands that use one", HelpName = "NODE", Hidden = true };
        root.Options.Add(url);
        Command doctor = DoctorCommand.Create(Setting);
        foreach (Command owner in (Command[])[root, command, doctor])
        {
            foreach (Option<string?> option in options.Values)
                owner.Options.Add(option);
        }

        NodeArguments node = new(Setting);
        ModelArgument models = new(node);
        Command[] commands =
        [
            command,
            RunCommand.Create(node, models),
            PullCommand.Create(node, models),
            ListCommands.CreateList(node, models),
            ShowCommand.Create(node, models),
            ListCommands.CreatePs(node, models),
            LoadCommands.CreateLoad(node, models),
            LoadCommands.CreateUnload(node, models),
            LoadCommands.CreateStop(node, models),
            ChangeCommands.CreateCopy(node, models),
            MoveCommand.Create(node, models.One("Name of the model", "old")),
            ChangeCommands.CreateRemove(node, models),
            CreateCommand.Create(node),
            StatusCommand.Create(node),
            BenchCommand.Create(node, models.Optional("Model to load and measure [the loaded model]"), options["target_platform"]),
            doctor,
            NpuCommand.Create(),
            TuneCommand.Create(options["target_platform"], static () => Environment.GetEnvironmentVariable("RKLLAMA_TARGET_PLATFORM")),
        ];
        foreach (Command one in commands)
            root.Subcommands.Add(one);
        root.Subcommands.Add(HelpCommand.Create(root));
        root.SetAction(Serve);
        command.SetAction(Serve);
        return root;

        string? Setting(ParseResult result, string name) => result.GetValue(name == NodeArguments.UrlName ? url : options[name]);

        async Task<int> Serve(ParseResult result, CancellationToken cancellationToken)
        {
            if (result.GetValue(url) is not null)
                return await CommandException.PrintAsync("--url is the node of a command, and there is no command: the address to listen on is --host", exitCode: 2).ConfigureAwait(false);
            NodeOptions settings;
            try
            {
                settings = new SettingsReader(name => Setting(result, name), Environment.GetEnvironmentVariable).Read();

                // The server reads them again at each download.
                HubEnvironment.Read(Environment.GetEnvironmentVariable);
            }
            catch (Exception ex) when (ex is SettingException or HubException)
            {
                return await CommandException.PrintAsync(ex.Message, exitCode: 2).ConfigureAwait(false);
            }

            return await serve(settings).ConfigureAwait(false);
        }
    }
}
