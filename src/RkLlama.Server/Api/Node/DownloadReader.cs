using RkLlama.Engine.Diagnostics;
using RkLlama.Server.Pulls;

namespace RkLlama.Server.Api.Node;

/// <summary>Describes the downloads of models with their rates. Thread-safe.</summary>
internal sealed class DownloadReader(PullService pulls, BackgroundPulls background, TimeProvider time)
{
    // The rate is that of at least this time.
    private static readonly TimeSpan RateTime = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();

    // Guarded by _lock. For each download: the number of bytes at a time, and the rate before that time.
    private readonly Dictionary<string, (long Bytes, long At, long? Rate)> _rates = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns the downloads that run, and those whose last attempt failed.</summary>
    internal IReadOnlyList<NodeDownload> Read()
    {
        IReadOnlyList<HealthDownload> all = pulls.Describe();
        lock (_lock)
        {
            foreach (string ended in _rates.Keys.Except(all.Select(static download => download.Model), StringComparer.OrdinalIgnoreCase).ToArray())
                _rates.Remove(ended);
            return
            [
                .. all.Select(download => new NodeDownload(download.Model, download.CompletedBytes, download.TotalBytes, download.Error is null ? RateOf(download) : null, download.Error)),
                .. background.Failures.Where(failure => !all.Any(download => download.Model == failure.Model)).Select(static failure => new NodeDownload(failure.Model, 0, 0, null, failure.Error)),
            ];
        }
    }

    private long? RateOf(HealthDownload download)
    {
        long now = time.GetTimestamp();
        if (!_rates.TryGetValue(download.Model, out (long Bytes, long At, long? Rate) before) || download.CompletedBytes < before.Bytes)
        {
            _rates[download.Model] = (download.CompletedBytes, now, null);
            return null;
        }

        TimeSpan passed = time.GetElapsedTime(before.At, now);
        if (passed < RateTime)
            return before.Rate;
        long rate = (long)((download.CompletedBytes - before.Bytes) / passed.TotalSeconds);
        _rates[download.Model] = (download.CompletedBytes, now, rate);
        return rate;
    }
}
