using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using RkLlama.Hub;

namespace RkLlama.Cli;

/// <summary>The options that name the node of a command, and the environment variables in their place.</summary>
/// <param name="setting">Returns the value of an option of the server, given its name without <c>--</c>. It may stand before the name of the command.</param>
internal sealed class NodeArguments(Func<ParseResult, string, string?> setting)
{
    /// <summary>The other name of the option <c>--host</c>, without <c>--</c>.</summary>
    internal const string UrlName = "url";

    private readonly Option<string?> _host = new("--host", "--" + UrlName)
    {
        Description = "The node: HOST, HOST:PORT or a URL; RKLLAMA_HOST, else OLLAMA_HOST [http://127.0.0.1:8080]",
        HelpName = "NODE",
    };

    private readonly Option<string?> _key = new("--api-key") { Description = "API key of the node. Other users of this machine can see this option; RKLLAMA_API_KEY is safer", HelpName = "KEY" };

    /// <summary>Adds the options to a command.</summary>
    internal void AddTo(Command command)
    {
        command.Options.Add(_host);
        command.Options.Add(_key);
    }

    /// <summary>Creates a client for the node.</summary>
    /// <exception cref="CommandException">The address is not valid, or this machine cannot connect to an address with https.</exception>
    internal NodeClient Open(ParseResult result) => Open(result, Environment.GetEnvironmentVariable);

    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <inheritdoc cref="Open(ParseResult)"/>
    internal NodeClient Open(ParseResult result, Func<string, string?> environment)
    {
        (string source, string text) = Find(result, environment);
        if (NodeAddress.Parse(text, Port(result, environment)) is not { } address)
            throw new CommandException($"{source}: '{text}' is not the address of a node") { ExitCode = 2 };
        if (address.Scheme == "https" && !TlsLibrary.IsInstalled)
            throw new CommandException($"{source}: {TlsLibrary.Missing}");
        string? key = result.GetValue(_key) ?? setting(result, "api-key") ?? NotEmpty(environment("RKLLAMA_API_KEY"));
        if (key is not null && !AuthenticationHeaderValue.TryParse($"Bearer {key}", out _))
            throw new CommandException("the API key must be printable ASCII without spaces") { ExitCode = 2 };
        return new(address, key);
    }

    private (string Source, string Text) Find(ParseResult result, Func<string, string?> environment)
    {
        if (result.GetValue(_host) is { } given)
            return (result.GetResult(_host)?.IdentifierToken?.Value ?? "--host", given);
        foreach (string name in (string[])["host", UrlName])
        {
            if (setting(result, name) is { } early)
                return ("--" + name, early);
        }

        foreach (string name in (string[])["RKLLAMA_HOST", "OLLAMA_HOST"])
        {
            if (NotEmpty(environment(name)) is { } value)
                return (name, value);
        }

        return ("--host", "");
    }

    /// <summary>Returns the port of an address without one. On a node, its server may have another port than 8080.</summary>
    private int Port(ParseResult result, Func<string, string?> environment) =>
        int.TryParse(setting(result, "port") ?? NotEmpty(environment("RKLLAMA_PORT")) ?? environment("PORT"), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= 65535
            ? port
            : NodeAddress.DefaultPort;

    private static string? NotEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
