namespace RkLlama.Server.Monitoring;

/// <summary>The requests of the last hour that used a model, at most 256. Thread-safe.</summary>
internal sealed class RequestHistory(TimeProvider time)
{
    internal const int Capacity = 256;

    internal static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();

    // Guarded by _lock. The oldest one first, each with the timestamp of its end.
    private readonly Queue<(FinishedRequest Request, long Ended)> _requests = new(Capacity);

    // Guarded by _lock. The last request that has decoded tokens, and the last one before it whose rates are known.
    private FinishedRequest? _lastRun;
    private FinishedRequest? _runBefore;

    /// <summary>Raised when a request has ended. The thread of the request calls the handlers, so they must return at once.</summary>
    internal event Action<FinishedRequest>? Added;

    /// <summary>The requests, the newest one first.</summary>
    internal IReadOnlyList<FinishedRequest> All
    {
        get
        {
            lock (_lock)
            {
                while (_requests.TryPeek(out (FinishedRequest Request, long Ended) oldest) && time.GetElapsedTime(oldest.Ended) > Kept)
                    _requests.Dequeue();
                return [.. _requests.Select(static one => one.Request.WithFigures()).Reverse()];
            }
        }
    }

    /// <summary>The last request that has decoded tokens and whose rates are known, however old it is; <see langword="null"/> if there was none.</summary>
    internal FinishedRequest? LastRun
    {
        get
        {
            lock (_lock)
                return _lastRun?.WithFigures() is { DecodeRate: not null } last ? last : _runBefore;
        }
    }

    internal void Add(FinishedRequest request)
    {
        lock (_lock)
        {
            if (_requests.Count == Capacity)
                _requests.Dequeue();
            _requests.Enqueue((request, time.GetTimestamp()));
            if (request.OutputTokens > 0)
                (_runBefore, _lastRun) = (_lastRun?.WithFigures() is { DecodeRate: not null } last ? last : _runBefore, request);
        }

        Added?.Invoke(request);
    }
}
