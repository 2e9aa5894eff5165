namespace RkLlama.Engine.Residency;

/// <summary>
/// Remembers the requests whose runs ended a worker. A request that has ended two workers is refused for one hour, so that it cannot end a third one.
/// If the operator loads a model, the requests of this model are removed. Thread-safe.
/// </summary>
/// <param name="time">Its monotonic clock measures the hour.</param>
internal sealed class FatalRequests(TimeProvider time)
{
    /// <summary>Maximum number of remembered requests. If there are more, the one with the oldest death is forgotten.</summary>
    internal const int Capacity = 1024;

    private const int MaxDeaths = 2;
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();

    // Guarded by _lock. The value is the number of deaths and the time of the last one.
    private readonly Dictionary<(string Model, UInt128 Request), (int Deaths, long Last)> _deaths = [];

    /// <param name="request">See <see cref="RequestFingerprint"/>.</param>
    /// <exception cref="FatalRequestException">The request has ended two workers of the model, the second one in the last hour.</exception>
    internal void ThrowIfRefused(string model, UInt128 request)
    {
        lock (_lock)
        {
            if (DeathsOf((model, request)) >= MaxDeaths)
                throw new FatalRequestException(model, MaxDeaths);
        }
    }

    /// <summary>Records that the worker of the model died because of this request.</summary>
    internal void RecordDeath(string model, UInt128 request)
    {
        lock (_lock)
        {
            int deaths = DeathsOf((model, request)) + 1;
            if (_deaths.Count >= Capacity && !_deaths.ContainsKey((model, request)))
                _deaths.Remove(_deaths.MinBy(static entry => entry.Value.Last).Key);
            _deaths[(model, request)] = (deaths, time.GetTimestamp());
        }
    }

    internal void Forget(string model)
    {
        lock (_lock)
        {
            foreach ((string Model, UInt128 Request) key in _deaths.Keys.Where(key => key.Model == model).ToArray())
                _deaths.Remove(key);
        }
    }

    /// <summary>Returns the number of deaths; 0 if the last one is older than an hour. The caller holds the lock.</summary>
    private int DeathsOf((string, UInt128) key)
    {
        if (!_deaths.TryGetValue(key, out (int Deaths, long Last) entry))
            return 0;
        if (time.GetElapsedTime(entry.Last) < Memory)
            return entry.Deaths;
        _deaths.Remove(key);
        return 0;
    }
}

/// <summary>The request is refused, because it has ended the worker of the model too often.</summary>
internal sealed class FatalRequestException(string model, int deaths) : Exception(
    $"This request has ended the worker of model {model} {deaths} times, so the server refuses it for one hour: change the request. Other requests are not affected.");
