using System.Net;

namespace RkLlama.Engine.Configuration;

/// <summary>The validated settings of the server. <see cref="SettingsReader"/> reads them and checks their ranges.</summary>
internal sealed record NodeOptions
{
    /// <summary>The address to listen on; <see langword="null"/> for all interfaces.</summary>
    public IPAddress? Host { get; init; }

    /// <summary>The TCP port to listen on, 1 to 65535; 0 lets the system choose one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Full path of the models directory.</summary>
    public required string ModelsDirectory { get; init; }

    /// <summary>Full path of the vendor library or of its directory; <see langword="null"/> to search the default directories.</summary>
    public string? LibraryPath { get; init; }

    /// <summary>
    /// Full path of the vendor library for the encoders of vision models, or of its directory; <see langword="null"/> to search the default directories.
    /// </summary>
    public string? RknnLibraryPath { get; init; }

    /// <summary>Version of the vendor library, such as <c>1.2.3</c>, set by the operator; <see langword="null"/> to detect it.</summary>
    public string? RuntimeVersion { get; init; }

    /// <summary>
    /// The expected chip: <c>rk3588</c> or <c>rk3576</c>; <see langword="null"/> if not set. If the vendor library reports another chip, the server logs a
    /// warning.
    /// </summary>
    public string? TargetPlatform { get; init; }

    /// <summary>Names of the models to load at start, in this order. Empty for none.</summary>
    public IReadOnlyList<string> Preload { get; init; } = [];

    /// <summary>
    /// Maximum number of loaded models, at least 1. <see langword="null"/> (auto) for one model that generates text, one for embeddings and one for reranking.
    /// </summary>
    public int? MaxModels { get; init; }

    /// <summary>
    /// Maximum number of workers of a model that generates text, each with its own KV cache. A Modelfile may set another number.
    /// </summary>
    public int Slots { get; init; } = 1;

    /// <summary>Maximum number of requests that wait for the NPU. The request that uses the NPU does not count.</summary>
    public int QueueLength { get; init; } = 64;

    /// <summary>Maximum time that a request waits for the NPU.</summary>
    public TimeSpan MaxQueueWait { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long requests for resident models have priority over requests for other models, measured from the last load.</summary>
    public TimeSpan SwitchTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a waiting request can be overtaken by later ones whose prompt is in a KV cache. Zero for the order of arrival.
    /// </summary>
    public TimeSpan Fairness { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the requests of all clients share the KV caches. If false, a client only reuses what its own requests have left there.</summary>
    public bool SharesKvCaches { get; init; } = true;

    /// <summary>
    /// How long the NPU waits after a run for a request that continues its KV cache, if all waiting requests would replace it. Zero for no wait.
    /// </summary>
    public TimeSpan FollowUp { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>
    /// Default idle time after which a model is unloaded, if a request loaded it. A request may set another time. A model that the operator loaded is not
    /// unloaded when idle.
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Timeout for the vendor library to load a model. The loading of the tokenizer and the template has the same timeout.</summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>
    /// Timeouts of a run. The defaults are much longer than the slowest times that are known for an RK3588: 17 ms per token for prefill (4096 tokens in 71 s)
    /// and less than 1 s per token for decode.
    /// </summary>
    public RunTimeouts RunTimeouts { get; init; } = new(
        Prefill: TimeSpan.FromSeconds(60), PrefillPerToken: TimeSpan.FromMilliseconds(50), Token: TimeSpan.FromSeconds(60), AbortGrace: TimeSpan.FromSeconds(10));

    /// <summary>If a streaming response has no output for this time, it sends a keep-alive.</summary>
    public TimeSpan StreamKeepAliveInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>If a non-streaming response is not ready after this time, the server sends its headers and white space to keep the connection open.</summary>
    public TimeSpan PaddingDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How many times in a row the output may contain the same phrase. If it occurs once more, the generation ends. 0 for no limit.</summary>
    public int MaxRepetitions { get; init; }

    /// <summary>
    /// Whether answers in JSON are held to their format while the model writes them. If false, they are checked when they are complete.
    /// </summary>
    public bool ConstrainsOutput { get; init; } = true;

    /// <summary>How long the active run may continue after the server has received a stop signal. Then it is aborted.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Maximum size of all saved prefixes of prompts together, in bytes; 0 to save none.</summary>
    public long PromptCacheBytes { get; init; } = 512L << 20;

    /// <summary>Full path of the directory for saved prefixes; <see langword="null"/> if there is none, so that none are saved.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Full path of the directory for stored answers and profiles; <see langword="null"/> if there is none, so that none are stored.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>Maximum size of all stored answers together, in bytes; 0 to store none.</summary>
    public long StoreBytes { get; init; } = 64L << 20;

    /// <summary>How long an answer is stored after its last change.</summary>
    public TimeSpan StoreTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long the run of a resumable stream goes on without a client. Zero to make no stream resumable.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long the NPU must have been idle before a prefix is saved.</summary>
    public TimeSpan PrefixIdleTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Maximum size of a request body, in bytes.</summary>
    public int MaxRequestBytes { get; init; } = 8 << 20;

    /// <summary>Maximum memory of the server process without its workers, in MiB. The limit of the heap is derived from it.</summary>
    public int MemoryMiB { get; init; } = 256;

    /// <summary>Maximum number of open connections. The server accepts a few more, but only for health checks and metrics.</summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>
    /// Number of connections above <see cref="MaxConnections"/> that the server accepts for health checks and metrics. Not a setting: the server lowers it if it
    /// may open too few files.
    /// </summary>
    public int ReservedConnections { get; init; } = 32;

    /// <summary>
    /// Maximum number of open connections of one client address. <see langword="null"/> for half of <see cref="MaxConnections"/>, at least 1.
    /// </summary>
    public int? MaxConnectionsPerAddress { get; init; }

    /// <summary>Origins of web pages whose scripts may use the server (CORS): <c>http://host:port</c>, or <c>*</c> for all. Empty for none.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>
    /// Further host names by which clients may address the server: names, <c>*.domain</c> for all names below a domain, or <c>*</c> for all names. Empty for none.
    /// </summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Whether the server has the page at <c>/ui/</c>, if it is part of the executable.</summary>
    public bool HasPage { get; init; } = true;

    /// <summary>Whether clients may change the Modelfiles of the node.</summary>
    public bool AllowsEdits { get; init; }

    /// <summary>The base addresses of the other nodes of the cluster. Empty for none.</summary>
    public IReadOnlyList<Uri> Peers { get; init; } = [];

    /// <summary>The key that clients must send; <see langword="null"/> if they need none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Whether clients can only ask for answers, and cannot load, unload or change models through the endpoints for that.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Whether other nodes can download the files of this node's models.</summary>
    public bool SharesModels { get; init; }

    /// <summary>Names of models to download at start, if the node does not have them. Empty for none.</summary>
    public IReadOnlyList<string> Pulls { get; init; } = [];

    /// <summary>Maximum rate of all downloads of models together, in bytes per second; 0 for no limit.</summary>
    public long PullBytesPerSecond { get; init; }

    /// <summary>The node's name in response headers and metrics.</summary>
    public string NodeName { get; init; } = Environment.MachineName;

    /// <summary>TCP port of HAProxy's agent check, 1 to 65535; 0 lets the system choose one; <see langword="null"/> to turn the check off.</summary>
    public int? AgentPort { get; init; }

    /// <summary>The directory that contains <c>sys</c> and <c>proc</c>: <c>/</c>, or a copy in tests.</summary>
    public string SysfsRoot { get; init; } = "/";

    /// <summary>
    /// Path of the executable to start as a worker: the executable of this process. If that is <c>dotnet</c> or a test host, it is the file
    /// <c>rkllama</c> in the directory of this program.
    /// </summary>
    public string WorkerExecutable { get; init; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet" or "testhost" or null
        ? Path.Combine(AppContext.BaseDirectory, "rkllama")
        : Environment.ProcessPath!;
}
