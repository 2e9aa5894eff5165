using System.Diagnostics.Metrics;
using RkLlama.Engine.Metrics;
using RkLlama.Hub.Hubs;
using static RkLlama.Engine.Metrics.Samples;

namespace RkLlama.Server.Pulls;

/// <summary>Counts pulls. Thread-safe.</summary>
internal sealed class PullCounters
{
    private readonly Counter<double> _bytes, _seconds, _failures;

    public PullCounters(NodeMetrics metrics)
    {
        _bytes = metrics.Meter.CreateCounter<double>("rkllama_pull_bytes_total", null, "Bytes of models that were pulled successfully.");
        _seconds = metrics.Meter.CreateCounter<double>("rkllama_pull_seconds_total", null, "Time that successful pulls took.");
        _failures = metrics.Meter.CreateCounter<double>("rkllama_pull_failures_total", null, "Failed pulls, by cause.");
        _bytes.Add(0);
        _seconds.Add(0);
        foreach (HubError error in Enum.GetValues<HubError>().Where(static error => error != HubError.InvalidName))
            _failures.Add(0, Tag("cause", LabelOf(error)));
    }

    /// <summary>Records a pull that brought a model.</summary>
    internal void Succeeded(long bytes, TimeSpan duration)
    {
        _bytes.Add(bytes);
        _seconds.Add(duration.TotalSeconds);
    }

    /// <summary>Records a pull that failed. A name that is not valid is an error of the request: it starts no pull.</summary>
    internal void Failed(HubError error)
    {
        if (error != HubError.InvalidName)
            _failures.Add(1, Tag("cause", LabelOf(error)));
    }

    private static string LabelOf(HubError error) => error switch
    {
        HubError.RepositoryNotFound or HubError.RevisionNotFound or HubError.FileNotFound => "not_found",
        HubError.Gated or HubError.TokenInvalid => "access",
        HubError.RateLimited => "rate_limit",
        HubError.Unreachable => "unreachable",
        HubError.ProxyRefused => "proxy",
        HubError.InvalidAnswer => "invalid_answer",
        HubError.Tls => "tls",
        HubError.Offline => "offline",
        HubError.Changed or HubError.Corrupt => "content",
        HubError.NoSpace or HubError.NotWritable => "disk",
        _ => "other",
    };
}
