using System.Net;

namespace RkLlama.Server.Configuration;

/// <summary>The settings of a running server, checked. Where they come from is <see cref="CommandLine"/>'s business.</summary>
internal sealed record ServerOptions
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

    /// <summary>How long a run in progress may go on when the server is asked to stop.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest request body that is read, in bytes.</summary>
    public int MaxRequestBytes { get; init; } = 8 << 20;

    /// <summary>This executable, to be started as a worker.</summary>
    public string WorkerExecutable { get; init; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "rkllama"
        ? Environment.ProcessPath!
        : Path.Combine(AppContext.BaseDirectory, "rkllama");
}
