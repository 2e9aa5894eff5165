using System.Net;

namespace RkLlama.Engine.Configuration;

/// <summary>The validated settings of the server. <see cref="SettingsReader"/> reads them.</summary>
internal sealed record NodeOptions
{
    /// <summary>The address to listen on; <see langword="null"/> for all interfaces.</summary>
    public IPAddress? Host { get; init; }

    /// <summary>TCP port, 1 to 65535; 0 lets the system choose one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Path of the models directory.</summary>
    public required string ModelsDirectory { get; init; }

    /// <summary>Full path of the vendor library or of its directory; <see langword="null"/> to search the default directories.</summary>
    public string? LibraryPath { get; init; }

    /// <summary>Version of the vendor library, set by the operator; <see langword="null"/> to detect it.</summary>
    public string? RuntimeVersion { get; init; }

    /// <summary><c>rk3588</c> or <c>rk3576</c>. The server only compares it with the platform that the runtime reports.</summary>
    public string? TargetPlatform { get; init; }

    /// <summary>Name of the model to load at start; <see langword="null"/> for none.</summary>
    public string? Preload { get; init; }

    /// <summary>Maximum number of requests that wait for the NPU.</summary>
    public int QueueLength { get; init; } = 64;

    /// <summary>Maximum time that a request waits for the NPU.</summary>
    public TimeSpan MaxQueueWait { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long a model keeps the NPU while requests for it and for others wait.</summary>
    public TimeSpan MinResidency { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an unused model stays loaded if a request loaded it. Models loaded by the operator stay loaded.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Timeout for the runtime to load a model.</summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>
    /// Timeouts of a run. On an RK3588, the slowest reported prefill takes 17 ms per token (4096 tokens in 71 s), the slowest reported decode less
    /// than 1 s per token.
    /// </summary>
    public RunTimeouts RunTimeouts { get; init; } = new(
        Prefill: TimeSpan.FromSeconds(60), PrefillPerToken: TimeSpan.FromMilliseconds(50), Token: TimeSpan.FromSeconds(60), AbortGrace: TimeSpan.FromSeconds(10));

    /// <summary>If a streaming response has no output for this time, it sends a keep-alive.</summary>
    public TimeSpan StreamKeepAliveInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>If a non-streaming response is not ready after this time, the server sends its headers and white space to keep the connection open.</summary>
    public TimeSpan PaddingDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How many times in a row a phrase may occur before the generation is ended; 0 for no limit.</summary>
    public int MaxRepetitions { get; init; }

    /// <summary>How long the active run may continue after a stop signal.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Maximum size of a request body, in bytes.</summary>
    public int MaxRequestBytes { get; init; } = 8 << 20;

    /// <summary>Maximum number of open connections. A few more are accepted for health checks.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>Origins (CORS) whose scripts may use the server: <c>http://host:port</c>, or <c>*</c> for all.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>The key that clients must send; <see langword="null"/> if they need none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The node's name in response headers and metrics.</summary>
    public string NodeName { get; init; } = Environment.MachineName;

    /// <summary>TCP port of HAProxy's agent check, 0 to 65535; <see langword="null"/> to turn it off.</summary>
    public int? AgentPort { get; init; }

    /// <summary>The directory that contains <c>sys</c> and <c>proc</c>. Not <c>/</c> in tests only.</summary>
    public string SysfsRoot { get; init; } = "/";

    /// <summary>
    /// The executable to start as a worker: this process's own, or <c>rkllama</c> in the same directory if <c>dotnet</c> or a test host runs this code.
    /// </summary>
    public string WorkerExecutable { get; init; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet" or "testhost" or null
        ? Path.Combine(AppContext.BaseDirectory, "rkllama")
        : Environment.ProcessPath!;
}
