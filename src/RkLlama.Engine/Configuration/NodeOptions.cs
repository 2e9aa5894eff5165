using System.Net;

namespace RkLlama.Engine.Configuration;

/// <summary>The settings of a running server, checked. <see cref="SettingsReader"/> reads them.</summary>
internal sealed record NodeOptions
{
    /// <summary>Where to listen; <see langword="null"/> for all interfaces.</summary>
    public IPAddress? Host { get; init; }

    /// <summary>1 to 65535; 0 lets the system choose.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The models directory.</summary>
    public required string Models { get; init; }

    /// <summary>The vendor library, or the folder it is in; <see langword="null"/> to look in the usual places.</summary>
    public string? Library { get; init; }

    /// <summary>The operator's word on the vendor library's version.</summary>
    public string? RuntimeVersion { get; init; }

    /// <summary><c>rk3588</c> or <c>rk3576</c>; only checked against what the runtime reports.</summary>
    public string? TargetPlatform { get; init; }

    /// <summary>A model to load at start.</summary>
    public string? Preload { get; init; }

    /// <summary>How many requests may wait for the NPU.</summary>
    public int QueueLength { get; init; } = 64;

    /// <summary>How long a request may wait for the NPU.</summary>
    public TimeSpan QueueTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long a model keeps the NPU while requests for it and for others wait.</summary>
    public TimeSpan SwitchTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a model that requests have named stays loaded without use.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the runtime may take to load a model.</summary>
    public TimeSpan LoadTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>
    /// How long the runtime may take for a run. The slowest prefill reported on an RK3588 is 17 ms a token (4096 tokens in 71 s), the slowest
    /// decode below 1 s a token.
    /// </summary>
    public RunTimeouts RunTimeouts { get; init; } = new(
        Prefill: TimeSpan.FromSeconds(60), PrefillPerToken: TimeSpan.FromMilliseconds(50), Token: TimeSpan.FromSeconds(60), AbortGrace: TimeSpan.FromSeconds(10));

    /// <summary>The longest silence of an answer that streams.</summary>
    public TimeSpan StreamKeepAlive { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an answer in one piece keeps its status open.</summary>
    public TimeSpan KeepAliveDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often one phrase may stand in a row before the answer is cut; 0 for no limit.</summary>
    public int RepeatGuard { get; init; }

    /// <summary>How long a run in progress may go on when the server is asked to stop.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest request body that is read, in bytes.</summary>
    public int MaxRequestBytes { get; init; } = 8 << 20;

    /// <summary>Connections that are served at once; a few more are let in for health checks.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>Web pages whose scripts may use the server, as browsers name them: <c>http://host:port</c>, or <c>*</c> for all.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>What clients have to know; <see langword="null"/> for nothing.</summary>
    public string? ApiKey { get; init; }

    /// <summary>What the node calls itself in its answers.</summary>
    public string NodeName { get; init; } = Environment.MachineName;

    /// <summary>Where HAProxy may ask how the node does, 0 to 65535; <see langword="null"/> for nowhere.</summary>
    public int? AgentPort { get; init; }

    /// <summary>The folder that has <c>sys</c> and <c>proc</c> in it; another than <c>/</c> in tests only.</summary>
    public string Root { get; init; } = "/";

    /// <summary>This executable, whatever it is called, to be started as a worker; the one beside it where another program hosts it.</summary>
    public string WorkerExecutable { get; init; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet" or "testhost" or null
        ? Path.Combine(AppContext.BaseDirectory, "rkllama")
        : Environment.ProcessPath!;
}
