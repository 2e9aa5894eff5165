using System.Globalization;
using System.Net;
using RkLlama.Prompts.Files;

namespace RkLlama.Engine.Configuration;

/// <summary>An invalid setting. The message starts with the option or the variable and a colon: <c>--port: …</c> or <c>RKLLAMA_PORT: …</c>.</summary>
internal sealed class SettingException(string message) : Exception(message);

/// <summary>Reads the settings from the command line and the environment, and validates them. An option has priority over its variable.</summary>
/// <param name="option">Returns the value of an option, given its name without <c>--</c>; <see langword="null"/> if it is not set.</param>
/// <param name="environment">Returns the value of an environment variable, given its name; <see langword="null"/> if it is not set.</param>
internal sealed class SettingsReader(Func<string, string?> option, Func<string, string?> environment)
{
    private const string KeyFileVariable = "RKLLAMA_API_KEY_FILE";
    private const int MaxKeyFileBytes = 4096;
    private const double MaxSeconds = 86_400;
    private const int MaxPeers = 64;
    private const long MaxBytes = 1024L << 30;

    /// <summary>Returns the environment variable of an option: <c>RKLLAMA_QUEUE_TIME</c> for <c>queue-time</c>.</summary>
    internal static string EnvironmentName(string name) => "RKLLAMA_" + name.ToUpperInvariant().Replace('-', '_');

    /// <summary>Returns the settings. A setting that is not given has its default value.</summary>
    /// <exception cref="SettingException">A value is invalid or out of range, or the API key file cannot be read.</exception>
    internal NodeOptions Read()
    {
        NodeOptions defaults = new() { ModelsDirectory = DefaultModels() };
        return defaults with
        {
            Port = Find("port", "PORT") is { } port ? Number(port, 0, 65535, "a port number") : defaults.Port,
            Host = Find("host") is { } host ? Address(host) : defaults.Host,
            ModelsDirectory = Find("models") is { } models ? FullPath(models) : defaults.ModelsDirectory,
            LibraryPath = Find("library") is { } library ? FullPath(library) : null,
            RknnLibraryPath = Find("rknn-library") is { } encoderLibrary ? FullPath(encoderLibrary) : null,
            RuntimeVersion = NotEmpty(environment("RKLLAMA_RUNTIME_VERSION")),
            TargetPlatform = Find("target_platform") is { } platform ? Platform(platform) : null,
            Preload = Names("preload"),
            MaxModels = Find("max-models") is { Value: not "auto" } count ? Number(count, 1, 15, "auto or a number of models") : null,
            Slots = Find("slots") is { } slots ? Number(slots, 1, 8, "a number of workers for each model") : defaults.Slots,
            QueueLength = Find("queue") is { } queue ? Number(queue, 0, 100_000, "a number of requests") : defaults.QueueLength,
            MaxQueueWait = Find("queue-time") is { } wait ? Seconds(wait, MaxSeconds) : defaults.MaxQueueWait,
            SwitchTime = Find("switch-time") is { } switching ? Seconds(switching, MaxSeconds) : defaults.SwitchTime,
            Fairness = Find("fairness") is { } fairness ? Seconds(fairness, MaxSeconds) : defaults.Fairness,
            FollowUp = Find("follow-up") is { } followUp ? Seconds(followUp, 10) : defaults.FollowUp,
            SharesKvCaches = Find("cache-sharing") is not { } sharing || Boolean(sharing),
            KeepAlive = Find("keep-alive") is { } keep ? Seconds(keep, MaxSeconds) : defaults.KeepAlive,
            DrainTimeout = Find("drain") is { } drain ? Seconds(drain, 3600) : defaults.DrainTimeout,
            LoadTimeout = Find("load-timeout") is { } load ? PositiveSeconds(load, MaxSeconds) : defaults.LoadTimeout,
            RunTimeouts = Timeouts(defaults.RunTimeouts),
            StreamKeepAliveInterval = Find("heartbeat") is { } beat ? PositiveSeconds(beat, 60) : defaults.StreamKeepAliveInterval,
            MaxRepetitions = Find("repeat-guard") is { } repeats ? Number(repeats, 0, 1000, "a number of repetitions") : defaults.MaxRepetitions,
            ConstrainsOutput = Find("constrained-output") is { } constrained ? Boolean(constrained) : defaults.ConstrainsOutput,
            PromptCacheBytes = Find("prompt-cache") is { } cache ? Bytes(cache) : defaults.PromptCacheBytes,
            CacheDirectory = ServiceDirectory("CACHE_DIRECTORY", "XDG_CACHE_HOME", ".cache"),
            StoreBytes = Find("store") is { } store ? Bytes(store) : defaults.StoreBytes,
            StateDirectory = ServiceDirectory("STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state"),
            Linger = Find("linger") is { } linger ? Seconds(linger, 3600) : defaults.Linger,
            MaxRequestBytes = Find("max-body") is { } body ? Number(body, 1, 1024, "MiB") << 20 : defaults.MaxRequestBytes,
            MemoryMiB = Find("memory") is { } memory ? Number(memory, 128, 65_536, "MiB") : defaults.MemoryMiB,
            MaxConnections = Find("max-connections") is { } connections ? Number(connections, 1, 100_000, "a number of connections") : defaults.MaxConnections,
            MaxConnectionsPerAddress = Find("max-connections-per-address") is { } each ? Number(each, 1, 100_000, "a number of connections") : null,
            Origins = Names("origins"),
            Hosts = Hosts(),
            HasPage = Find("no-ui") is not { } withoutPage || !Boolean(withoutPage),
            AllowsEdits = Find("allow-edit") is { } edit && Boolean(edit),
            Peers = Peers(),
            ApiKey = ApiKey(),
            IsReadOnly = Find("read-only") is { } readOnly && Boolean(readOnly),
            SharesModels = Find("share-models") is { } share && Boolean(share),
            Pulls = Names("pull"),
            PullBytesPerSecond = Find("pull-rate") is { } rate ? Number(rate, 0, 100_000, "MB per second") * 1_000_000L : defaults.PullBytesPerSecond,
            NodeName = Find("node-name") is { } node ? NodeName(node) : defaults.NodeName,
            AgentPort = Find("agent-port") is { } agent ? Number(agent, 0, 65535, "a port number") : null,
        };
    }

    private RunTimeouts Timeouts(RunTimeouts defaults) => new(
        Find("prefill-timeout") is { } prefill ? PositiveSeconds(prefill, MaxSeconds) : defaults.Prefill,
        Find("prefill-token-timeout") is { } each ? Seconds(each, 60) : defaults.PrefillPerToken,
        Find("token-timeout") is { } token ? PositiveSeconds(token, MaxSeconds) : defaults.Token,
        Find("abort-grace") is { } grace ? PositiveSeconds(grace, MaxSeconds) : defaults.AbortGrace);

    private string? ApiKey()
    {
        if (Find("api-key") is { } key)
            return IsHeaderToken(key.Value) ? key.Value : throw new SettingException($"{key.Source}: a key must be printable ASCII without spaces");
        if (NotEmpty(environment(KeyFileVariable)) is not { } path)
            return null;

        try
        {
            string text = RegularFile.ReadAllText(path, MaxKeyFileBytes).Trim();
            return IsHeaderToken(text) ? text : throw new SettingException($"{KeyFileVariable}: '{path}' must contain one key of printable ASCII without spaces");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"{KeyFileVariable}: '{path}' cannot be read ({ex.Message.TrimEnd('.')})");
        }
    }

    /// <summary>Parses a list with commas. Empty if the setting is not given.</summary>
    private string[] Names(string name) => Find(name)?.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private string[] Hosts() => [.. Names("hosts").Select(name => name == "*" || Uri.CheckHostName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name) is not UriHostNameType.Unknown
        ? name
        : throw new SettingException($"{Find("hosts")!.Source}: '{name}' is not a host name without a port, such as llm.example.org or *.example.org"))];

    /// <summary>Parses the addresses of other nodes. Only plain HTTP: nodes have no TLS.</summary>
    private Uri[] Peers()
    {
        string[] addresses = Names("peers");
        return addresses.Length > MaxPeers
            ? throw new SettingException($"{Find("peers")!.Source}: {addresses.Length} nodes are too many (at most {MaxPeers})")
            : [.. addresses.Select(address => Uri.TryCreate(address, UriKind.Absolute, out Uri? node) && node is { Scheme: "http", UserInfo: "", PathAndQuery: "/", Fragment: "" }
                ? node
                : throw new SettingException($"{Find("peers")!.Source}: '{address}' is not the address of a node, such as http://node2:8080"))];
    }

    private static string NodeName(Setting setting) => IsHeaderToken(setting.Value) && setting.Value.Length <= 253
        ? setting.Value
        : throw new SettingException($"{setting.Source}: a node name must be printable ASCII without spaces, at most 253 characters");

    private static bool IsHeaderToken(string text) => text.Length > 0 && text.All(static character => character is > ' ' and < '\x7F');

    private sealed record Setting(string Source, string Value);

    private Setting? Find(string name, string? plainVariable = null)
    {
        if (option(name) is { } given)
            return new("--" + name, given);

        string variable = EnvironmentName(name);
        if (NotEmpty(environment(variable)) is { } value)
            return new(variable, value);

        return plainVariable is not null && NotEmpty(environment(plainVariable)) is { } plain ? new(plainVariable, plain) : null;
    }

    private static int Number(Setting setting, int min, int max, string what) =>
        int.TryParse(setting.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max
            ? number
            : throw new SettingException($"{setting.Source}: '{setting.Value}' is not {what} ({min} to {max})");

    /// <summary>Parses a number of bytes with an optional unit: K, M or G, which are powers of 1024.</summary>
    private static long Bytes(Setting setting)
    {
        string text = setting.Value.ToUpperInvariant();
        int shift = text.Length == 0 ? 0 : text[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        return long.TryParse(shift == 0 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= MaxBytes >> shift
            ? number << shift
            : throw new SettingException($"{setting.Source}: '{setting.Value}' is not a size such as 512M or 2G (0 to 1024G)");
    }

    /// <summary>
    /// Returns a directory for files that may be deleted at any time: that of the systemd unit, or <c>rkllama</c> in a directory of the user. Null if neither is
    /// known.
    /// </summary>
    /// <param name="unit">The variable that systemd sets.</param>
    /// <param name="user">The variable with the user's directory for such files.</param>
    /// <param name="inHome">The default of that directory, relative to the home directory.</param>
    private string? ServiceDirectory(string unit, string user, string inHome)
    {
        if (NotEmpty(environment(unit)) is { } ofUnit && Path.IsPathRooted(ofUnit))
            return Path.GetFullPath(ofUnit.Split(':')[0]);
        string? parent = NotEmpty(environment(user)) is { } given && Path.IsPathRooted(given) ? given
            : NotEmpty(environment("HOME")) is { } home && Path.IsPathRooted(home) ? Path.Combine(home, inHome)
            : null;
        return parent is null ? null : Path.GetFullPath(Path.Combine(parent, "rkllama"));
    }

    private static bool Boolean(Setting setting) => setting.Value.ToLowerInvariant() switch
    {
        "true" or "1" or "yes" or "on" => true,
        "false" or "0" or "no" or "off" => false,
        _ => throw new SettingException($"{setting.Source}: '{setting.Value}' is not true or false"),
    };

    private static TimeSpan Seconds(Setting setting, double max) =>
        double.TryParse(setting.Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds <= max
            ? TimeSpan.FromSeconds(seconds)
            : throw new SettingException($"{setting.Source}: '{setting.Value}' is not a number of seconds (0 to {max:0})");

    /// <summary>Parses a number of seconds that must be greater than zero.</summary>
    private static TimeSpan PositiveSeconds(Setting setting, double max) =>
        Seconds(setting, max) is { Ticks: > 0 } time ? time : throw new SettingException($"{setting.Source}: '{setting.Value}' must be more than 0 seconds (up to {max:0})");

    private static IPAddress? Address(Setting setting) => setting.Value switch
    {
        "*" => null,
        "localhost" => IPAddress.Loopback,
        _ => IPAddress.TryParse(setting.Value, out IPAddress? address)
            // An IPv4 address that is written as an IPv6 address, such as ::ffff:127.0.0.1. No socket can listen on it in this form.
            ? address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address
            : throw new SettingException($"{setting.Source}: '{setting.Value}' is not an IP address"),
    };

    private static string Platform(Setting setting) => setting.Value.ToLowerInvariant() is "rk3588" or "rk3576"
        ? setting.Value.ToLowerInvariant()
        : throw new SettingException($"{setting.Source}: '{setting.Value}' is not a supported platform (rk3588 or rk3576)");

    private static string FullPath(Setting setting) => setting.Value.Length > 0 && !setting.Value.Contains('\0')
        ? Path.GetFullPath(setting.Value)
        : throw new SettingException($"{setting.Source}: a path is missing");

    private static string DefaultModels() =>
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), "RKLLAMA", "models");

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
